#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/profiles.h"

namespace windrow::cli {
namespace {

std::vector<TextTable::Column> Columns() {
  std::vector<TextTable::Column> columns = {{"PROFILE"}};
  for (const std::string& key : Profiles::Keys()) columns.push_back({absl::AsciiStrToUpper(key)});
  return columns;
}

absl::Status Run(const std::string& format) {
  const absl::StatusOr<Profiles> profiles = Profiles::Read(Profiles::Path());
  if (!profiles.ok()) return profiles.status();
  Listing listing(format, Columns());
  for (const auto& [name, profile] : profiles->by_name) {
    const bool current = name == profiles->current;
    std::vector<std::string> cells = {absl::StrCat(name, current ? " *" : "")};
    std::string json = "{\"name\":";
    AppendJsonString(name, &json);
    absl::StrAppend(&json, ",\"current\":", current ? "true" : "false");
    for (const std::string& key : Profiles::Keys()) {
      const auto value = profile.find(key);
      cells.push_back(value == profile.end() ? "-" : Printable(value->second));
      absl::StrAppend(&json, ",\"", key, "\":");
      if (value == profile.end()) {
        json += "null";
      } else {
        AppendJsonString(value->second, &json);
      }
    }
    listing.AddJson(json + "}", [&cells] { return cells; });
  }
  listing.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddProfileList(CommandLine* line) {
  line->Add("profile list", "Lists the profiles; * is the current one", [](Command& command) {
    const auto format = std::make_shared<std::string>("table");
    command.Output(format.get());
    command.ManagesProfiles();
    command.Examples("  windrow profile list");
    return [format](Session&) { return Run(*format); };
  });
}

}  // namespace windrow::cli
