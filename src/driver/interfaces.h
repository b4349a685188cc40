// The machine's network interfaces, and news of their changes.
//
// Kinds are guesses from what the system says of the device and from its name; nothing but the cost
// of a candidate depends on them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/loop.h"
#include "net/address.h"

namespace parley::driver {

enum class InterfaceKind : std::uint8_t {
  Wired,
  Wifi,
  Cellular,
  Vpn,
  Virtual,  // a bridge or one end of a pair, of containers and virtual machines
  Loopback,
  Unknown
};
const char* name(InterfaceKind kind);
// What a device of this name is by custom; Unknown for others.
InterfaceKind kindByName(std::string_view name);

struct Interface {
  std::string name{};
  unsigned index = 0;
  IpAddress address{};
  bool up = false;
  bool loopback = false;
  InterfaceKind kind = InterfaceKind::Unknown;
  // IPv6 (RFC 8981, RFC 4862): changes every day or so; no longer to be used for new connections;
  // not yet known to be unique.
  bool temporary = false;
  bool deprecated = false;
  bool tentative = false;

  friend bool operator==(const Interface&, const Interface&) = default;
};

// One entry an address; IPv6 link-local ones included.
Result<std::vector<Interface>> listInterfaces();

struct AddressWishes {
  bool loopback = false;
  bool containers = true;  // those of Virtual interfaces
  bool ipv6 = true;
  std::vector<std::string> only{};  // interfaces by name; empty: all
};
// The addresses that connections of a peer may use: of interfaces that are up, without link-local,
// deprecated and tentative ones; of an interface with temporary IPv6 addresses only these (RFC 8981
// section 3.1, RFC 8828), each once. At most kMaxUsable, those of hardware first.
inline constexpr std::size_t kMaxUsable = 16;
std::vector<Interface> usableAddresses(std::vector<Interface> all, const AddressWishes& wishes);

// The address that packets to the world leave from; NotFound without a default route. Sends
// nothing.
Result<IpAddress> defaultSourceAddress(Family family);

// Tells when addresses or interfaces changed: once when they have been quiet for kQuiet, and only
// when listInterfaces() says something else than before.
class InterfaceMonitor final : private Loop::Handler, private Loop::TimerHandler {
 public:
  static constexpr Duration kQuiet = 250ms;

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void handleInterfaces(const std::vector<Interface>& now) = 0;
  };

  static Result<std::unique_ptr<InterfaceMonitor>> make(Loop& loop, Owner& owner);
  ~InterfaceMonitor() override;
  InterfaceMonitor(const InterfaceMonitor&) = delete;
  InterfaceMonitor& operator=(const InterfaceMonitor&) = delete;

  const std::vector<Interface>& interfaces() const { return last_; }

 private:
  InterfaceMonitor(Loop& loop, Owner& owner, Descriptor news);
  void handleReady(Ready ready) override;
  void handleTimer() override;

  Loop& loop_;
  Owner& owner_;
  Descriptor news_;
  Loop::Watch watch_;
  Loop::Timer timer_;
  std::vector<Interface> last_;
};

}  // namespace parley::driver
