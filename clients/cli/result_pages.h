#ifndef CLIENTS_CLI_RESULT_PAGES_H_
#define CLIENTS_CLI_RESULT_PAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {

// Asks the query service for page after page. One thread.
class ResultPages {
 public:
  explicit ResultPages(Session* session);

  // Views of a pipeline ("pipelines/{id}"), by name.
  absl::StatusOr<std::vector<query::v1::View>> Views(const std::string& pipeline);

  // Hands up to `limit` windows (0: all) to `visit`, in the order asked for.
  absl::Status ForEachWindow(query::v1::ListWindowsRequest request, int64_t limit,
                             absl::FunctionRef<void(const query::v1::Window&)> visit);

  // Hands up to `limit` rows (0: all) to `visit`, in the order asked for.
  absl::Status ForEachResult(query::v1::ListResultsRequest request, int64_t limit,
                             absl::FunctionRef<void(const query::v1::Result&)> visit);

  absl::StatusOr<query::v1::GetStatusResponse> Status();

 private:
  Session* const session_;
  std::unique_ptr<query::v1::QueryService::Stub> stub_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_RESULT_PAGES_H_
