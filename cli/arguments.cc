#include "cli/arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <deque>
#include <iostream>

#include "server/config/settings.h"

namespace parley::cli {
namespace {

using server::Setting;

// Values of a list may share one option, separated by commas; secrets may contain commas.
std::vector<std::string> splitList(const Setting& setting, std::vector<std::string> values) {
  if (setting.secret) return values;
  std::vector<std::string> out;
  for (const std::string& value : values) {
    std::size_t from = 0;
    for (std::size_t comma = value.find(','); comma != std::string::npos;
         comma = value.find(',', from)) {
      out.push_back(value.substr(from, comma - from));
      from = comma + 1;
    }
    out.push_back(value.substr(from));
  }
  return out;
}

std::string describe(const Setting& setting) {
  std::string out(setting.help);
  if (!setting.defaultText.empty() && setting.kind != Setting::Kind::Flag) {
    out += " [" + std::string(setting.defaultText) + "]";
  }
  return out;
}

}  // namespace

struct Arguments::Impl {
  explicit Impl(const std::string& description) : app(description) {}

  CLI::App app;
  server::Sources* sources = nullptr;
  std::string configFile;
  struct Given {
    const Setting* setting;
    std::vector<std::string> values;
    CLI::Option* option = nullptr;
  };
  std::deque<Given> given;  // stable: CLI11 keeps references
};

Arguments::Arguments(std::string name, std::string description, std::string footer)
    : impl_(std::make_unique<Impl>(description)) {
  impl_->app.name(std::move(name));
  impl_->app.footer(std::move(footer));
  impl_->app.set_help_flag("-h,--help", "Print this help.");
  impl_->app.get_formatter()->column_width(34);
}

Arguments::~Arguments() = default;

void Arguments::flag(const std::string& name, const std::string& help, bool& value) {
  impl_->app.add_flag("--" + name, value, help);
}

void Arguments::option(const std::string& name, const std::string& metavar, const std::string& help,
                       std::string& value) {
  impl_->app.add_option("--" + name, value, help)->type_name(metavar);
}

void Arguments::list(const std::string& name, const std::string& metavar, const std::string& help,
                     std::vector<std::string>& values) {
  impl_->app.add_option("--" + name, values, help)
      ->type_name(metavar)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Arguments::words(const std::string& name, const std::string& help,
                      std::vector<std::string>& values) {
  impl_->app.add_option(name, values, help)->type_name("");
}

void Arguments::settings(server::Sources& sources) {
  std::vector<std::string> all;
  for (const Setting& setting : server::settings())
    all.emplace_back(setting.name);
  settings(sources, all);
}

void Arguments::settings(server::Sources& sources, const std::vector<std::string>& names) {
  impl_->sources = &sources;
  impl_->app
      .add_option("--config", impl_->configFile,
                  "Configuration file (TOML); see docs/configuration.md.")
      ->type_name("FILE");
  for (const Setting& setting : server::settings()) {
    if (std::find(names.begin(), names.end(), setting.name) == names.end()) continue;
    Impl::Given& given = impl_->given.emplace_back(Impl::Given{&setting, {}, nullptr});
    const std::string option = "--" + std::string(setting.name);
    if (setting.kind == Setting::Kind::Flag) {
      // A flag's value is optional: --lan, --lan=false.
      given.option = impl_->app.add_option(option, given.values, describe(setting))
                         ->expected(0, 1)
                         ->type_name("");
    } else {
      given.option = impl_->app.add_option(option, given.values, describe(setting))
                         ->type_name(std::string(setting.metavar))
                         ->expected(1);
    }
    given.option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    given.option->group(std::string(setting.group));
  }
}

std::optional<ExitCode> Arguments::parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    impl_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::cout << impl_->app.help();
    return ExitCode::Done;
  } catch (const CLI::ExtrasError&) {
    const auto extras = impl_->app.remaining();
    const std::string word = extras.empty() ? "" : extras.front();
    std::cerr << impl_->app.get_name() << ": there is no " << word.substr(0, word.find('='));
    const std::size_t letters = word.find_first_not_of('-');
    const bool option = word.starts_with("-") && letters != std::string::npos;
    const Setting* near =
        option ? server::nearestSetting(word.substr(letters, word.find('=') - letters)) : nullptr;
    if (near != nullptr && impl_->sources != nullptr) {
      std::cerr << "; did you mean --" << near->name << "?";
    }
    std::cerr << "\nSee " << impl_->app.get_name() << " --help\n";
    return ExitCode::Usage;
  } catch (const CLI::ParseError& error) {
    std::cerr << impl_->app.get_name() << ": " << error.what() << "\nSee " << impl_->app.get_name()
              << " --help\n";
    return ExitCode::Usage;
  }
  if (impl_->sources == nullptr) return {};
  if (!impl_->configFile.empty()) impl_->sources->configFile = impl_->configFile;
  for (const Impl::Given& given : impl_->given) {
    if (given.option->count() == 0) continue;
    auto values = given.values;
    if (given.setting->kind == Setting::Kind::Flag) {
      if (values.empty() || values.front().empty()) values = {"true"};
    } else if (given.setting->kind == Setting::Kind::List) {
      values = splitList(*given.setting, std::move(values));
    }
    impl_->sources->flags[std::string(given.setting->name)] = {
        std::move(values), "--" + std::string(given.setting->name)};
  }
  return {};
}

}  // namespace parley::cli
