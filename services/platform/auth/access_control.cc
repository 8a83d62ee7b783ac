#include "services/platform/auth/access_control.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/platform/runtime/log.h"

namespace windrow::auth {
namespace {

constexpr absl::Duration kWatchInterval = absl::Seconds(1);
constexpr int kLogLinesPerSecond = 5;
constexpr char kAuthorization[] = "authorization";
constexpr absl::string_view kBearer = "bearer ";
constexpr char kPath[] = ":path";
// Those of a certificate by which callers are known, the most exact first.
constexpr const char* kCertificateNames[] = {
    GRPC_X509_SUBJECT_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME};

absl::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  return text.str();
}

absl::optional<Principal> ByCertificate(const grpc::AuthContext& context,
                                        const Principals& principals) {
  // Only what was verified gives an identity.
  if (!context.IsPeerAuthenticated()) return absl::nullopt;
  for (const char* const property : kCertificateNames) {
    for (const grpc::string_ref& name : context.FindPropertyValues(property)) {
      absl::optional<Principal> found = principals.FindByCertificateName(View(name));
      if (found.has_value()) return found;
    }
  }
  return absl::nullopt;
}

// Whoever shows a token is known by it alone.
absl::optional<Principal> ByToken(absl::string_view header, const Principals& principals) {
  if (!absl::StartsWithIgnoreCase(header, kBearer)) return absl::nullopt;
  return principals.FindByToken(absl::StripAsciiWhitespace(header.substr(kBearer.size())));
}

// The gate of this process, for CallerOf.
struct Gate {
  absl::Mutex mutex;
  std::weak_ptr<const AccessControl> control ABSL_GUARDED_BY(mutex);
};
Gate& ProcessGate() {
  static Gate& gate = *new Gate;
  return gate;
}

}  // namespace

std::string CallerOf(const grpc::ServerContextBase& context) {
  std::shared_ptr<const AccessControl> control;
  {
    Gate& gate = ProcessGate();
    absl::MutexLock lock(&gate.mutex);
    control = gate.control.lock();
  }
  const std::string name = control == nullptr ? "" : control->NameOf(context);
  return name.empty() ? context.peer() : absl::StrCat(name, " at ", context.peer());
}

std::string AccessControl::NameOf(const grpc::ServerContextBase& context) const {
  const std::shared_ptr<const Principals> known = principals();
  const auto header = context.client_metadata().find(kAuthorization);
  const absl::optional<Principal> caller = header != context.client_metadata().end()
                                               ? ByToken(View(header->second), *known)
                                               : ByCertificate(*context.auth_context(), *known);
  return caller.has_value() ? caller->name : "";
}

absl::StatusOr<std::shared_ptr<AccessControl>> AccessControl::Create(
    const std::string& principals_file, AccessPolicy policy) {
  const absl::StatusOr<std::string> text = ReadFile(principals_file);
  if (!text.ok()) return text.status();
  absl::StatusOr<Principals> principals = Principals::Parse(*text);
  if (!principals.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(principals_file, ", ", principals.status().message()));
  }
  const std::shared_ptr<AccessControl> control(
      new AccessControl(principals_file, std::move(policy), *std::move(principals)));
  Gate& gate = ProcessGate();
  absl::MutexLock lock(&gate.mutex);
  gate.control = control;
  return control;
}

AccessControl::AccessControl(std::string principals_file, AccessPolicy policy,
                             Principals principals)
    : principals_file_(std::move(principals_file)),
      policy_(std::move(policy)),
      principals_(std::make_shared<const Principals>(std::move(principals))),
      watcher_([this] { WatchFile(); }) {}

AccessControl::~AccessControl() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  watcher_.join();
}

std::shared_ptr<const Principals> AccessControl::principals() const {
  absl::MutexLock lock(&mutex_);
  return principals_;
}

void AccessControl::WatchFile() {
  // By content: a mounted Secret changes behind links whose times say nothing.
  std::string last = ReadFile(principals_file_).value_or("");
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kWatchInterval)) {
    mutex_.Unlock();
    const absl::StatusOr<std::string> text = ReadFile(principals_file_);
    const bool changed = text.ok() && *text != last;
    absl::StatusOr<Principals> read = changed ? Principals::Parse(*text) : Principals();
    if (changed) {
      last = *text;
      if (read.ok()) {
        runtime::LogInfo(
            "principals read again",
            {{"file", principals_file_}, {"principals", static_cast<int64_t>(read->size())}});
      } else {
        runtime::LogError(
            "principals not read again",
            {{"file", principals_file_}, {"error", std::string(read.status().message())}});
      }
    }
    mutex_.Lock();
    if (changed && read.ok()) principals_ = std::make_shared<const Principals>(*std::move(read));
  }
}

grpc::Status AccessControl::Refuse(grpc::StatusCode code, const std::string& message,
                                   absl::string_view method, absl::string_view caller) {
  bool log = false;
  {
    absl::MutexLock lock(&mutex_);
    const int64_t second = absl::ToUnixSeconds(absl::Now());
    if (second != second_) logged_ = 0;
    second_ = second;
    log = logged_++ < kLogLinesPerSecond;
  }
  if (log) {
    runtime::LogWarning("call refused", {{"method", method},
                                         {"caller", caller},
                                         {"code", static_cast<int64_t>(code)},
                                         {"error", message}});
  }
  return grpc::Status(code, message);
}

grpc::Status AccessControl::Process(const InputMetadata& auth_metadata, grpc::AuthContext* context,
                                    OutputMetadata*, OutputMetadata*) {
  const auto path = auth_metadata.find(kPath);
  const absl::string_view method = path == auth_metadata.end() ? "" : View(path->second);
  const absl::optional<Role> needed = policy_.RoleFor(method);
  const std::shared_ptr<const Principals> known = principals();

  absl::optional<Principal> caller;
  const auto header = auth_metadata.find(kAuthorization);
  if (header != auth_metadata.end()) {
    caller = ByToken(View(header->second), *known);
    if (!caller.has_value() && needed != Role::kAnyone) {
      return Refuse(grpc::StatusCode::UNAUTHENTICATED, "the token is nobody's", method, "");
    }
  } else {
    caller = ByCertificate(*context, *known);
  }
  if (needed == Role::kAnyone) return grpc::Status::OK;
  if (!caller.has_value()) {
    return Refuse(grpc::StatusCode::UNAUTHENTICATED,
                  "credentials are needed: a client certificate that is known, or the metadata "
                  "authorization: Bearer TOKEN",
                  method, "");
  }
  if (!needed.has_value()) {
    return Refuse(grpc::StatusCode::PERMISSION_DENIED, "the policy allows this method to nobody",
                  method, caller->name);
  }
  if (caller->role < *needed) {
    return Refuse(grpc::StatusCode::PERMISSION_DENIED,
                  absl::StrCat(caller->name, " is ", RoleName(caller->role), "; this method needs ",
                               RoleName(*needed)),
                  method, caller->name);
  }
  return grpc::Status::OK;
}

}  // namespace windrow::auth
