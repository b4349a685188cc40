// What interfaces.cc asks of the operating system beyond POSIX. Included by this folder only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "driver/descriptor.h"
#include "driver/interfaces.h"

namespace parley::driver {

InterfaceKind kindOfDevice(const std::string& name);
// Fills in temporary, deprecated and tentative.
void readAddressStates(std::vector<Interface>& interfaces);

// Readable when interfaces or addresses may have changed.
Result<Descriptor> openInterfaceNews();
void skipInterfaceNews(int descriptor);

}  // namespace parley::driver
