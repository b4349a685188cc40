// What the symbol check must find: it compiles against headers that the core may include, and yet
// it asks the machine for the time and for a socket.
extern "C" int clock_gettime(int clock, void* out);
extern "C" int socket(int domain, int type, int protocol);

int breakTheSymbolRule();
int breakTheSymbolRule() {
  return clock_gettime(0, nullptr) + socket(0, 0, 0);
}
