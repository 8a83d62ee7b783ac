#ifndef CLIENTS_CLI_COMMANDS_CHOOSE_VIEW_H_
#define CLIENTS_CLI_COMMANDS_CHOOSE_VIEW_H_

#include <string>

#include "absl/status/statusor.h"
#include "clients/cli/session.h"

namespace windrow::cli {

// The full name of the view to follow: the one wanted, by its id or its full name, or the
// pipeline's first when `wanted` is empty. Asks the aggregator, which knows views before they have
// rows, or else the query service. NOT_FOUND names the views there are.
absl::StatusOr<std::string> ChooseView(Session& session, const std::string& wanted);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_CHOOSE_VIEW_H_
