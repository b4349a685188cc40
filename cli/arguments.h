// Command lines, over CLI11 (which only arguments.cc knows: it is heavy to compile).
//
// A verb declares its options here, each with the place its value goes to, and then parses.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "server/config/load.h"

namespace parley::cli {

class Arguments {
 public:
  // `footer`: examples, shown at the end of --help.
  Arguments(std::string name, std::string description, std::string footer);
  ~Arguments();

  void flag(const std::string& name, const std::string& help, bool& value);
  void option(const std::string& name, const std::string& metavar, const std::string& help,
              std::string& value);
  void list(const std::string& name, const std::string& metavar, const std::string& help,
            std::vector<std::string>& values);
  // Words without a dash, any number of them, in any place.
  void words(const std::string& name, const std::string& help, std::vector<std::string>& values);
  // --config, and all settings of `parley serve` (server/config/settings.h).
  void settings(server::Sources& sources);
  // Only these of them.
  void settings(server::Sources& sources, const std::vector<std::string>& names);

  // Nothing: go on. Else help was printed or the command line is wrong (said on standard error).
  std::optional<ExitCode> parse(const std::vector<std::string>& arguments);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::cli
