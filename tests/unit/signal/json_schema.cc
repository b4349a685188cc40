#include "json_schema.h"

#include <regex.h>

#include <fstream>

namespace parley::signal::test {

using Json = nlohmann::json;

namespace {

bool isType(const Json& v, const std::string& type) {
  if (type == "object") return v.is_object();
  if (type == "array") return v.is_array();
  if (type == "string") return v.is_string();
  if (type == "boolean") return v.is_boolean();
  if (type == "integer") return v.is_number_integer();
  if (type == "number") return v.is_number();
  return false;
}

// POSIX extended expressions do for the patterns of the schema.
bool matches(const std::string& text, const std::string& pattern) {
  regex_t compiled{};
  if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

std::size_t characters(const std::string& s) {
  std::size_t n = 0;
  for (const char c : s)
    n += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return n;
}

}  // namespace

const JsonSchema& JsonSchema::signalling() {
  static const JsonSchema schema = [] {
    std::ifstream file(std::string(PARLEY_SOURCE_DIR) + "/docs/signalling.schema.json");
    return JsonSchema(Json::parse(file));
  }();
  return schema;
}

std::string JsonSchema::check(const Json& value, const std::string& definition) const {
  return validate(value, document_.at("$defs").at(definition), "$");
}

std::string JsonSchema::validate(const Json& value, const Json& schema,
                                 const std::string& where) const {
  for (const auto& [key, arg] : schema.items()) {
    const std::string error = keyword(value, schema, key, arg, where);
    if (!error.empty()) return error;
  }
  return {};
}

std::string JsonSchema::keyword(const Json& value, const Json& schema, const std::string& key,
                                const Json& arg, const std::string& where) const {
  const auto unless = [&](bool ok) { return ok ? std::string() : where + ": " + key; };
  if (key == "description") return {};
  if (key == "$ref") {
    const std::string name = arg.get<std::string>().substr(std::string("#/$defs/").size());
    return validate(value, document_.at("$defs").at(name), where);
  }
  if (key == "type") return unless(isType(value, arg.get<std::string>()));
  if (key == "const") return unless(value == arg);
  if (key == "enum") return unless(std::find(arg.begin(), arg.end(), value) != arg.end());
  if (key == "minimum")
    return unless(!value.is_number() || value.get<double>() >= arg.get<double>());
  if (key == "maximum")
    return unless(!value.is_number() || value.get<double>() <= arg.get<double>());
  if (key == "minLength")
    return unless(!value.is_string() ||
                  characters(value.get<std::string>()) >= arg.get<std::size_t>());
  if (key == "maxLength")
    return unless(!value.is_string() ||
                  characters(value.get<std::string>()) <= arg.get<std::size_t>());
  if (key == "minItems") return unless(!value.is_array() || value.size() >= arg.get<std::size_t>());
  if (key == "uniqueItems") return {};
  if (key == "pattern") {
    return unless(!value.is_string() || matches(value.get<std::string>(), arg.get<std::string>()));
  }
  if (key == "items") {
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
      const std::string error = validate(value[i], arg, where + "[" + std::to_string(i) + "]");
      if (!error.empty()) return error;
    }
    return {};
  }
  if (key == "oneOf" || key == "anyOf") {
    std::size_t fitting = 0;
    std::string errors;
    for (const Json& one : arg) {
      const std::string error = validate(value, one, where);
      fitting += error.empty() ? 1 : 0;
      errors += error + "; ";
    }
    return fitting == 0 || (key == "oneOf" && fitting > 1) ? where + ": " + key + ": " + errors
                                                           : "";
  }
  return objectKeyword(value, schema, key, arg, where);
}

std::string JsonSchema::objectKeyword(const Json& value, const Json& schema, const std::string& key,
                                      const Json& arg, const std::string& where) const {
  if (key == "required") {
    for (const Json& name : arg) {
      if (value.is_object() && !value.contains(name.get<std::string>()))
        return where + ": required " + name.get<std::string>();
    }
    return {};
  }
  if (key == "properties") {
    for (const auto& [name, sub] : arg.items()) {
      if (!value.is_object() || !value.contains(name)) continue;
      const std::string error = validate(value.at(name), sub, where + "." + name);
      if (!error.empty()) return error;
    }
    return {};
  }
  if (key == "additionalProperties") {
    for (const auto& [name, sub] : value.items()) {
      if (!schema.at("properties").contains(name)) return where + ": unexpected " + name;
    }
    return {};
  }
  if (key == "dependentRequired") {
    for (const auto& [name, needs] : arg.items()) {
      for (const Json& need : needs) {
        if (value.contains(name) && !value.contains(need.get<std::string>()))
          return where + ": " + name + " without " + need.get<std::string>();
      }
    }
    return {};
  }
  return where + ": unknown keyword " + key;
}

}  // namespace parley::signal::test
