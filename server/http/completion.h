// Completion: a move-only `void(error, bytes)`, so that operations of Stream are compiled once and
// not for each handler that Beast makes.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <utility>

namespace parley::server {

class Completion {
 public:
  Completion() = default;
  template <class Handler>
  static Completion of(Handler&& handler) {
    Completion out;
    out.target_ = std::make_unique<Holder<std::decay_t<Handler>>>(std::forward<Handler>(handler));
    return out;
  }

  explicit operator bool() const { return target_ != nullptr; }
  // Once: the target is gone afterwards (before it runs, so that it may start the next operation).
  void operator()(boost::system::error_code error, std::size_t bytes) {
    const std::unique_ptr<Base> target = std::move(target_);
    target->call(error, bytes);
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void call(boost::system::error_code error, std::size_t bytes) = 0;
  };
  template <class Handler>
  struct Holder final : Base {
    explicit Holder(Handler&& h) : handler(std::move(h)) {}
    explicit Holder(const Handler& h) : handler(h) {}
    void call(boost::system::error_code error, std::size_t bytes) override {
      std::move(handler)(error, bytes);
    }
    Handler handler;
  };
  std::unique_ptr<Base> target_;
};

}  // namespace parley::server
