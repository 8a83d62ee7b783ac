#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform/auth/access_policy.h"
#include "services/platform/auth/principals.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/producer/v1/producer_service.pb.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Of the token "test".
constexpr char kHash[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

TEST(AccessPolicyTest, AMethodsNameWinsOverItsService) {
  const auto policy = AccessPolicy::Parse(
      "# words\n"
      "viewer  a.B/*   # all\n"
      "admin\ta.B/Delete\n");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->RoleFor("/a.B/List"), Role::kViewer);
  EXPECT_EQ(policy->RoleFor("/a.B/Delete"), Role::kAdmin);
  EXPECT_EQ(policy->RoleFor("/a.C/List"), absl::nullopt) << "denied by default";
  EXPECT_EQ(policy->RoleFor(""), absl::nullopt);
}

TEST(AccessPolicyTest, NamesTheWrongLine) {
  for (const char* text : {"viewer a.B/*\nking a.B/C", "viewer a.B/*\nviewer", "\nviewer a.B",
                           "viewer a.B/C\nadmin a.B/C", "\nviewer a.B/C more"}) {
    const absl::Status status = AccessPolicy::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2")) << text;
  }
}

TEST(AccessPolicyTest, TheShippedOneNamesEveryMethod) {
  const AccessPolicy policy = AccessPolicy::Default();
  for (const auto* const service :
       {aggregator::v1::GetPipelineRequest::descriptor()->file()->service(0),
        producer::v1::GetReplayRequest::descriptor()->file()->service(0),
        query::v1::GetStatusRequest::descriptor()->file()->service(0)}) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = service->method(i)->name();
      const absl::optional<Role> role =
          policy.RoleFor(absl::StrCat("/", service->full_name(), "/", name));
      ASSERT_TRUE(role.has_value()) << name;
      const bool reads = absl::StartsWith(name, "Get") || absl::StartsWith(name, "List") ||
                         absl::StartsWith(name, "Explain") || absl::StartsWith(name, "Watch") ||
                         name == "Subscribe";
      EXPECT_EQ(*role == Role::kViewer, reads) << name;
      EXPECT_NE(*role, Role::kAnyone) << name;
    }
  }
  EXPECT_EQ(policy.RoleFor("/grpc.health.v1.Health/Check"), Role::kAnyone);
}

TEST(PrincipalsTest, KnowsTokensAndCertificates) {
  const auto principals =
      Principals::Parse(absl::StrCat("viewer  dashboard  sha256:", kHash, "  # of a test\n",
                                     "admin root cert:CN=root,O=Windrow\n"));
  ASSERT_TRUE(principals.ok()) << principals.status();
  EXPECT_EQ(principals->size(), 2u);
  ASSERT_TRUE(principals->FindByToken("test").has_value());
  EXPECT_EQ(principals->FindByToken("test")->name, "dashboard");
  EXPECT_EQ(principals->FindByToken("test")->role, Role::kViewer);
  EXPECT_FALSE(principals->FindByToken("tesT").has_value());
  EXPECT_FALSE(principals->FindByToken("").has_value());
  EXPECT_FALSE(principals->FindByToken(kHash).has_value()) << "the hash is no token";
  ASSERT_TRUE(principals->FindByCertificateName("CN=root,O=Windrow").has_value());
  EXPECT_EQ(principals->FindByCertificateName("CN=root,O=Windrow")->role, Role::kAdmin);
  EXPECT_FALSE(principals->FindByCertificateName("root").has_value());
}

TEST(PrincipalsTest, NamesTheWrongLineAndNothingSecret) {
  for (const char* line : {"anyone x sha256:SECRET", "king x sha256:SECRET", "viewer x SECRET",
                           "viewer x sha256:SECRET", "viewer SECRET", "viewer x cert:"}) {
    const absl::Status status = Principals::Parse(absl::StrCat("\n", line)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2")) << line;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("SECRET"))) << line;
  }
  EXPECT_FALSE(
      Principals::Parse(absl::StrCat("viewer a sha256:", kHash, "\nadmin b sha256:", kHash)).ok())
      << "one token, two names";
}

}  // namespace
}  // namespace windrow::auth
