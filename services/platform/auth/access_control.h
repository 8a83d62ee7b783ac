#ifndef SERVICES_PLATFORM_AUTH_ACCESS_CONTROL_H_
#define SERVICES_PLATFORM_AUTH_ACCESS_CONTROL_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "services/platform/auth/access_policy.h"
#include "services/platform/auth/principals.h"

namespace windrow::auth {

// Decides, before any handler, whether a call may be made: who calls, by `authorization: Bearer …`
// or by a verified client certificate, and whether the policy allows that role the method. A call
// without, or with wrong, credentials is UNAUTHENTICATED, one that needs more is PERMISSION_DENIED;
// a method that the policy does not name is denied to all. Refusals are logged, at most a few a
// second. Thread-safe.
class AccessControl final : public grpc::AuthMetadataProcessor {
 public:
  // Reads the file of principals, and again whenever it changes; a changed file that is wrong is
  // logged, and what was read last stays. INVALID_ARGUMENT when it is wrong now; NOT_FOUND.
  static absl::StatusOr<std::shared_ptr<AccessControl>> Create(const std::string& principals_file,
                                                               AccessPolicy policy);
  ~AccessControl() override;

  // Never blocks.
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& auth_metadata, grpc::AuthContext* context,
                       OutputMetadata* consumed_auth_metadata,
                       OutputMetadata* response_metadata) override;

  // Name of the principal who makes a call that was let through; empty when it needed none.
  std::string NameOf(const grpc::ServerContextBase& context) const;

 private:
  AccessControl(std::string principals_file, AccessPolicy policy, Principals principals);

  // Why a call is refused, and what to do.
  grpc::Status Refuse(grpc::StatusCode code, const std::string& message, absl::string_view method,
                      absl::string_view caller);
  void WatchFile();
  std::shared_ptr<const Principals> principals() const;

  const std::string principals_file_;
  const AccessPolicy policy_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Principals> principals_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Refusals logged in this second.
  int64_t second_ ABSL_GUARDED_BY(mutex_) = 0;
  int logged_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread watcher_;
};

// Who makes a call, for the audit: the name of the principal and the peer's address, or the address
// alone where this process asks nobody who they are.
std::string CallerOf(const grpc::ServerContextBase& context);

}  // namespace windrow::auth

#endif  // SERVICES_PLATFORM_AUTH_ACCESS_CONTROL_H_
