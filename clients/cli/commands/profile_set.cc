#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/profiles.h"

namespace windrow::cli {
namespace {

struct SetOptions {
  std::string profile;
  std::vector<std::string> values;
  bool erase = false;
};

absl::Status Change(const std::vector<std::string>& values, Profiles::Profile* profile) {
  for (const std::string& text : values) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    const auto& [key, value] = parts;
    if (text.find('=') == std::string::npos) {
      return UsageError(absl::StrCat("\"", text, "\" is not of the form KEY=VALUE"));
    }
    if (value.empty() && profile->erase(key) > 0) continue;
    const absl::Status status = Profiles::Check(key, value);
    if (!status.ok()) return status;
    (*profile)[key] = value;
  }
  return absl::OkStatus();
}

absl::Status Run(const SetOptions& options) {
  absl::Status status = Profiles::CheckName(options.profile);
  if (!status.ok()) return status;
  const std::string path = Profiles::Path();
  absl::StatusOr<Profiles> profiles = Profiles::Read(path);
  if (!profiles.ok()) return profiles.status();
  if (options.erase) {
    if (!options.values.empty()) return UsageError("--delete takes no KEY=VALUE");
    if (profiles->by_name.erase(options.profile) == 0) {
      return absl::NotFoundError(absl::StrCat("there is no profile \"", options.profile, "\""));
    }
    if (profiles->current == options.profile) profiles->current.clear();
    return profiles->Write(path);
  }
  status = Change(options.values, &profiles->by_name[options.profile]);
  if (!status.ok()) return status;
  return profiles->Write(path);
}

}  // namespace

void AddProfileSet(CommandLine* line) {
  line->Add("profile set",
            "Changes or creates a profile. KEY is kafka, producer, aggregator, query, pipeline or "
            "output; an empty value takes it away",
            [](Command& command) {
              const auto options = std::make_shared<SetOptions>();
              command.Argument("PROFILE", &options->profile, "Its name");
              command.Arguments("KEY=VALUE", &options->values, "What to set", {});
              command.Flag("--delete", &options->erase, "Take the whole profile away");
              command.ManagesProfiles();
              command.Examples(
                  "  windrow profile set staging kafka=kafka-1:9092 query=windrow.staging:7003\n"
                  "  windrow profile set staging output=yaml pipeline=\n"
                  "  windrow profile set staging --delete");
              return [options](Session&) { return Run(*options); };
            });
}

}  // namespace windrow::cli
