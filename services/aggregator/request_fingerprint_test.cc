#include "services/aggregator/request_fingerprint.h"

#include <gtest/gtest.h>

#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::aggregator {
namespace {

v1::UpdatePipelineRequest Update() {
  v1::UpdatePipelineRequest request;
  request.mutable_pipeline()->set_name("pipelines/p");
  request.mutable_pipeline()->mutable_watermark_delay()->set_seconds(1);
  request.set_request_id("once");
  return request;
}

TEST(RequestFingerprintTest, IsOfWhatIsAskedFor) {
  const uint64_t fingerprint = RequestFingerprint(Update());
  v1::UpdatePipelineRequest again = Update();
  again.set_request_id("twice");
  again.set_etag("\"7\"");
  again.set_validate_only(true);
  EXPECT_EQ(RequestFingerprint(again), fingerprint);

  v1::UpdatePipelineRequest other = Update();
  other.mutable_pipeline()->mutable_watermark_delay()->set_seconds(2);
  EXPECT_NE(RequestFingerprint(other), fingerprint);
  other = Update();
  other.mutable_start()->set_latest(true);
  EXPECT_NE(RequestFingerprint(other), fingerprint);
  other = Update();
  other.set_backfill_records_per_second(1);
  EXPECT_NE(RequestFingerprint(other), fingerprint);
  other = Update();
  other.mutable_update_mask()->add_paths("*");
  EXPECT_NE(RequestFingerprint(other), fingerprint);
}

TEST(RequestFingerprintTest, IsOfTheCallAndNeverZero) {
  v1::RestartPipelineRequest restart;
  v1::DeletePipelineRequest deletion;
  restart.set_name("pipelines/p");
  deletion.set_name("pipelines/p");
  ASSERT_EQ(restart.SerializeAsString(), deletion.SerializeAsString());
  EXPECT_NE(RequestFingerprint(restart), RequestFingerprint(deletion));
  EXPECT_NE(RequestFingerprint(v1::DeletePipelineRequest()), 0u);
}

// It stands in the log: a release that made another one would refuse what came before it.
TEST(RequestFingerprintTest, StaysTheSame) {
  EXPECT_EQ(RequestFingerprint(Update()), 13767615265597877661u);
}

}  // namespace
}  // namespace windrow::aggregator
