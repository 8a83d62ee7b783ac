#include "clients/cli/health_check.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/generic/generic_stub.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

namespace windrow::cli {
namespace {

constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
// HealthCheckResponse has one field: number 1, an enum, in which 1 is SERVING.
constexpr uint32_t kStatusTag = 1 << 3;
constexpr uint64_t kServing = 1;
// HealthCheckRequest has one field: number 1, a name.
constexpr char kNameTag = (1 << 3) | 2;

// A HealthCheckRequest.
std::string AskFor(absl::string_view name) {
  return absl::StrCat(std::string({kNameTag, static_cast<char>(name.size())}), name);
}

bool SaysServing(grpc::ByteBuffer& response) {
  grpc::Slice slice;
  if (!response.DumpToSingleSlice(&slice).ok()) return false;
  google::protobuf::io::CodedInputStream stream(slice.begin(), static_cast<int>(slice.size()));
  uint64_t status = 0;
  return stream.ReadTag() == kStatusTag && stream.ReadVarint64(&status) && status == kServing;
}

}  // namespace

absl::Status CheckHealth(const Session& session, Service service, absl::string_view name,
                         absl::Duration timeout) {
  // Debian ships no generated code of the health protocol; its two messages are small enough to do
  // without.
  grpc::GenericStub stub(session.Channel(service));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  const grpc::Slice asked(AskFor(name));
  grpc::ByteBuffer request(&asked, 1);
  grpc::ByteBuffer response;
  grpc::Status result;
  absl::Notification done;
  stub.UnaryCall(&context, kMethod, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) {
                   result = std::move(status);
                   done.Notify();
                 });
  done.WaitForNotification();  // Ends by the call's deadline at the latest.
  if (!result.ok()) return session.Explain(service, result);
  if (!SaysServing(response)) return absl::UnavailableError("starting or stopping");
  return absl::OkStatus();
}

}  // namespace windrow::cli
