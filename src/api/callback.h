// A user's callback as it lies in a slot: shared, so that one that is running may be replaced or
// taken away meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace parley::api {

template <class... Args>
using Callback = std::shared_ptr<const std::function<void(Args...)>>;

template <class... Args>
Callback<Args...> makeCallback(std::function<void(Args...)> f) {
  if (!f) return nullptr;
  return std::make_shared<const std::function<void(Args...)>>(std::move(f));
}

}  // namespace parley::api
