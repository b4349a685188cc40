#include "source_text.h"

#include <cctype>

namespace parley::tools {
namespace {

bool isWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks the text once; `at_` never passes its end.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<SourceLine> read() {
    line_.number = 1;
    while (at_ < text_.size())
      step();
    endLine();
    return std::move(lines_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      ++at_;
      endLine();
    } else if (rest().starts_with("//")) {
      skipUntil("\n", false);
    } else if (rest().starts_with("/*")) {
      skipUntil("*/", true);
    } else if (rest().starts_with("R\"")) {
      skipRawString();
    } else if (c == '"' || c == '\'') {
      skipLiteral(c);
    } else if (c == '#' && fresh_) {
      readDirective();
    } else if (isWordCharacter(c)) {
      readWord();
    } else {
      if (c != ' ' && c != '\t') fresh_ = false;
      ++at_;
    }
  }

  void endLine() {
    if (line_.include || !line_.words.empty()) lines_.push_back(std::move(line_));
    line_ = {};
    line_.number = ++lineNumber_;
    fresh_ = true;
  }

  void advanceTo(std::size_t end) {
    for (; at_ < end && at_ < text_.size(); ++at_)
      if (text_[at_] == '\n') endLine();
  }

  void skipUntil(std::string_view mark, bool over) {
    const std::size_t found = text_.find(mark, at_ + (over ? 2 : 0));
    advanceTo(found == std::string_view::npos ? text_.size() : found + (over ? mark.size() : 0));
  }

  void skipRawString() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return advanceTo(text_.size());
    const std::string close = ")" + std::string{text_.substr(at_ + 2, open - at_ - 2)} + "\"";
    const std::size_t found = text_.find(close, open);
    advanceTo(found == std::string_view::npos ? text_.size() : found + close.size());
  }

  void skipLiteral(char quote) {
    fresh_ = false;
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n')
      end += text_[end] == '\\' ? 2u : 1u;
    advanceTo(end < text_.size() && text_[end] == quote ? end + 1 : end);
  }

  // A number such as 1'000'000 is a word with its quotes, so that they do not open a literal.
  void readWord() {
    fresh_ = false;
    const std::size_t begin = at_;
    const bool number = std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
    while (at_ < text_.size() && (isWordCharacter(text_[at_]) || (number && text_[at_] == '\'')))
      ++at_;
    if (!number) line_.words.emplace_back(text_.substr(begin, at_ - begin));
  }

  void skipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }

  void readDirective() {
    ++at_;
    fresh_ = false;
    skipBlanks();
    if (!rest().starts_with("include")) return;
    at_ += std::string_view{"include"}.size();
    skipBlanks();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '<')) return;
    line_.angled = text_[at_] == '<';
    const char close = line_.angled ? '>' : '"';
    const std::size_t end = text_.find_first_of(std::string{close} + "\n", at_ + 1);
    if (end == std::string_view::npos || text_[end] != close) return;
    line_.include = std::string{text_.substr(at_ + 1, end - at_ - 1)};
    at_ = end + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int lineNumber_ = 1;
  bool fresh_ = true;  // nothing but blanks on this line so far
  SourceLine line_;
  std::vector<SourceLine> lines_;
};

}  // namespace

std::vector<SourceLine> readSource(std::string_view text) {
  return Reader{text}.read();
}

}  // namespace parley::tools
