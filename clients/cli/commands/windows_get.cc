#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/time_text.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::QueryService;

struct GetOptions {
  std::string view;
  std::string start;
  std::string format = "table";
};

absl::Status Run(Session& session, const GetOptions& options) {
  const absl::StatusOr<absl::Time> start = ParseTimeText(options.start);
  if (!start.ok()) return start.status();
  query::v1::GetWindowRequest request;
  request.set_name(absl::StrCat(session.ViewName(options.view), "/windows/", TimeText(*start)));
  const auto stub = QueryService::NewStub(session.Channel(Service::kQuery));
  query::v1::GetWindowResponse response;
  const absl::Status status =
      session.Call(Service::kQuery, *stub, &QueryService::Stub::GetWindow, request, &response);
  if (status.ok()) PrintRecord(options.format, response.window());
  return status;
}

}  // namespace

void AddWindowsGet(CommandLine* line) {
  line->Add("windows get", "Shows one window of a view", [](Command& command) {
    const auto options = std::make_shared<GetOptions>();
    command.Argument("VIEW", &options->view, "View, such as calls-by-type");
    command.Argument("START", &options->start, "Its start (UTC)");
    command.Output(&options->format);
    command.Examples("  windrow windows get calls-by-type 2018-12-31T23:50:00Z -o yaml");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
