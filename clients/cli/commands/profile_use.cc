#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/profiles.h"

namespace windrow::cli {
namespace {

struct UseOptions {
  std::string profile;
  bool none = false;
};

absl::Status Run(const UseOptions& options) {
  if (options.none == !options.profile.empty()) return UsageError("name a profile, or --none");
  const std::string path = Profiles::Path();
  absl::StatusOr<Profiles> profiles = Profiles::Read(path);
  if (!profiles.ok()) return profiles.status();
  if (!options.none && profiles->by_name.count(options.profile) == 0) {
    return absl::NotFoundError(absl::StrCat("there is no profile \"", options.profile, "\" in ",
                                            path, "; `windrow profile set` makes one"));
  }
  profiles->current = options.profile;
  return profiles->Write(path);
}

}  // namespace

void AddProfileUse(CommandLine* line) {
  line->Add("profile use", "Makes a profile the current one: used when nobody names another",
            [](Command& command) {
              const auto options = std::make_shared<UseOptions>();
              command.Argument("PROFILE", &options->profile, "Its name", false);
              command.Flag("--none", &options->none, "Use no profile");
              command.ManagesProfiles();
              command.Examples("  windrow profile use staging\n  windrow profile use --none");
              return [options](Session&) { return Run(*options); };
            });
}

}  // namespace windrow::cli
