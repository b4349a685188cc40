# The library as others use it: one archive of all layers, the public headers, find_package() and
# pkg-config. The target parley::parley serves find_package() and FetchContent alike.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(parley_parts)
foreach(layer IN LISTS PARLEY_LAYERS ITEMS signal room)
  if(TARGET parley_${layer})
    list(APPEND parley_parts $<TARGET_OBJECTS:parley_${layer}>)
  endif()
endforeach()

add_library(parley_library STATIC ${parley_parts})
add_library(parley::parley ALIAS parley_library)
set_target_properties(parley_library PROPERTIES
  OUTPUT_NAME parley EXPORT_NAME parley LINKER_LANGUAGE CXX)
target_compile_features(parley_library PUBLIC cxx_std_20)
target_include_directories(parley_library PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(parley_library PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

set(parley_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/parley)
install(TARGETS parley_library EXPORT parley_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/parley
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT parley_targets NAMESPACE parley:: FILE parley-targets.cmake
  DESTINATION ${parley_cmake_dir} COMPONENT library)
configure_package_config_file(${PROJECT_SOURCE_DIR}/packaging/parley-config.cmake.in
  ${PROJECT_BINARY_DIR}/parley-config.cmake INSTALL_DESTINATION ${parley_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/parley-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/parley-config.cmake
              ${PROJECT_BINARY_DIR}/parley-config-version.cmake
  DESTINATION ${parley_cmake_dir} COMPONENT library)
configure_file(${PROJECT_SOURCE_DIR}/packaging/parley.pc.in ${PROJECT_BINARY_DIR}/parley.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/parley.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
