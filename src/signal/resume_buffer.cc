#include "signal/resume_buffer.h"

namespace parley::signal {

bool ResumeBuffer::push(const std::string& text, std::size_t limit) {
  if (text.size() > limit - bytes_) return false;  // bytes_ <= limit always
  bytes_ += text.size();
  texts_.push_back(text);
  return true;
}

bool ResumeBuffer::acknowledge(std::uint64_t seq) {
  if (seq > lastSent()) return false;
  while (firstKept_ <= seq) {
    bytes_ -= texts_[head_].size();
    texts_[head_] = std::string();
    ++head_;
    ++firstKept_;
  }
  compact();
  return true;
}

// Memory follows the need: an idle member keeps next to nothing.
void ResumeBuffer::compact() {
  if (head_ == texts_.size()) {
    head_ = 0;
    texts_.clear();
    if (texts_.capacity() > 4) texts_.shrink_to_fit();
  } else if (head_ > 32 && head_ > texts_.size() / 2) {
    texts_.erase(texts_.begin(), texts_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace parley::signal
