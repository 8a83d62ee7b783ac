#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const std::string& format) {
  Listing listing(format, {{"SETTING"}, {"VALUE"}, {"FROM"}});
  for (const EffectiveSetting& setting : session.settings()) {
    std::string json = "{\"setting\":";
    AppendJsonString(setting.key, &json);
    json += ",\"value\":";
    AppendJsonString(setting.value, &json);
    json += ",\"from\":";
    AppendJsonString(setting.source, &json);
    listing.AddJson(json + "}", [&setting] {
      return std::vector<std::string>{setting.key,
                                      setting.value.empty() ? "-" : Printable(setting.value),
                                      Printable(setting.source)};
    });
  }
  listing.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddProfileShow(CommandLine* line) {
  line->Add("profile show",
            "Shows what flags, environment, profile and defaults come to, and which decided",
            [](Command& command) {
              const auto format = std::make_shared<std::string>("table");
              command.Output(format.get());
              command.Examples(
                  "  windrow profile show\n"
                  "  windrow --profile staging profile show");
              return [format](Session& session) { return Run(session, *format); };
            });
}

}  // namespace windrow::cli
