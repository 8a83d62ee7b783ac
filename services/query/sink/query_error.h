#ifndef SERVICES_QUERY_SINK_QUERY_ERROR_H_
#define SERVICES_QUERY_SINK_QUERY_ERROR_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/query/core/result_target.h"
#include "services/query/core/resume_token.h"

namespace windrow::query {

// The errors of QueryService, each with its reason (see query_service.proto), in one place.

// A field of the request is wrong.
grpc::Status WrongField(absl::string_view field, absl::string_view description);
grpc::Status BadPageToken();
// Of a token that cannot be used (not kNone).
grpc::Status BadResumeToken(TokenFault fault);
grpc::Status PipelineNotFound(absl::string_view pipeline);
grpc::Status ViewNotFound(absl::string_view name);
grpc::Status WindowNotFound(absl::string_view name);
// This replica does not know yet which pipelines there are.
grpc::Status NotKnownYet(absl::string_view pipeline);
// This replica has not read everything there is yet.
grpc::Status CatchingUp(absl::string_view pipeline, const ReadingState& reading);
// The control log, which says what the pipeline computes, has not been read yet.
grpc::Status DefinitionUnknown(absl::string_view pipeline);
// The range holds more rows than one call takes, or a series more than one answer.
grpc::Status RangeTooLarge(absl::string_view description);
grpc::Status TooManySubscribers(int limit);
grpc::Status Draining();
// The client has taken nothing for `patience`; the token goes on after what it was sent.
grpc::Status TooSlow(absl::Duration patience, absl::string_view resume_token);
// Changes after the token, or since the time, may be unknown here.
grpc::Status TokenExpired();
grpc::Status StartExpired();
// Reading the store ended with an error: it cannot be read, or nobody waits for the answer any
// more.
grpc::Status ReadError(const absl::Status& status);
// A feed ended with an error of Subscription::Next.
grpc::Status FeedError(const absl::Status& status);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_QUERY_ERROR_H_
