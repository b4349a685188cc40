#include "server/config/settings.h"

namespace parley::server {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration of `parley serve`

<!-- Made of the table in server/config/settings.cc; tests/unit/server/settings_test.cc keeps it true. -->

Every setting has one name: `http-port` in a file, `PARLEY_HTTP_PORT` in the environment and
`--http-port` on the command line. The command line wins over the environment, the environment over
the file (`--config FILE` or `PARLEY_CONFIG`), the file over the default. `parley check` takes the same
settings and says what is wrong with them without starting anything.

The file is TOML, one setting a line:

```toml
bind = ["0.0.0.0", "::"]
http-port = 443
host = ["call.example.org"]
tls-cert = "/etc/parley/fullchain.pem"
tls-key = "/etc/parley/privkey.pem"
turn-user = ["ann:a long password"]
room-size = 8
```

Lists are arrays in the file; in the environment they are separated by commas; on the command line
the option is given again (or its values separated by commas, except secrets). Flags are true or
false; `--lan` means `--lan=true`. Times have a unit: `90s`, `15m`, `2h`, `1d`.

Secrets (marked so below) are never shown, neither in errors nor in logs. On the command line other
users of the machine can see them, so prefer the file (mode 0600), or `@FILE` where a setting takes it.
)";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string settingsMarkdown() {
  std::string out(kIntroduction);
  std::string_view group;
  for (const Setting& setting : settings()) {
    if (setting.group != group) {
      group = setting.group;
      out +=
          "\n## " + std::string(group) + "\n\n| setting | value | default | |\n|---|---|---|---|\n";
    }
    const bool flag = setting.kind == Setting::Kind::Flag;
    std::string value = flag ? "true, false" : "`" + cell(setting.metavar) + "`";
    if (setting.kind == Setting::Kind::List) value += ", list";
    if (setting.secret) value += ", secret";
    const std::string standard =
        setting.defaultText.empty() ? "" : "`" + std::string(setting.defaultText) + "`";
    out += "| `" + std::string(setting.name) + "` | " + value + " | " + standard + " | " +
           cell(setting.help) + " |\n";
  }
  return out;
}

}  // namespace parley::server
