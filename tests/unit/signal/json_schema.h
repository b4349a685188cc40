// As much of JSON Schema 2020-12 as docs/signalling.schema.json uses, to hold what the code sends
// against the document. A keyword that it does not know is an error: nothing passes unseen.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace parley::signal::test {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json document) : document_(std::move(document)) {}
  static const JsonSchema& signalling();  // read once from the source tree

  // Empty, or where and why `value` does not fit `definition` ("serverMessage").
  std::string check(const nlohmann::json& value, const std::string& definition) const;

 private:
  std::string validate(const nlohmann::json& value, const nlohmann::json& schema,
                       const std::string& where) const;
  std::string keyword(const nlohmann::json& value, const nlohmann::json& schema,
                      const std::string& key, const nlohmann::json& arg,
                      const std::string& where) const;
  std::string objectKeyword(const nlohmann::json& value, const nlohmann::json& schema,
                            const std::string& key, const nlohmann::json& arg,
                            const std::string& where) const;

  nlohmann::json document_;
};

}  // namespace parley::signal::test
