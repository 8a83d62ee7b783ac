#include "services/aggregator/settings_change.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "services/aggregator/source/pipeline_settings.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::ReconfigureRequest Request(const std::string& text) {
  v1::ReconfigureRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

// A pipeline that declares a delay of a minute and waits when all are idle for 3 s.
ControlledPipeline Now() {
  pb::Pipeline declared;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "watermark_delay { seconds: 60 } "
      "idle_policy { idle_timeout { seconds: 3 } all_idle: ALL_IDLE_WAIT }",
      &declared));
  ControlledPipeline now;
  now.served.definition = declared.SerializeAsString();
  now.settings.parallelism = 2;
  now.settings.records_per_second = 70;
  now.settings.automatic.min_workers = 3;
  return now;
}

pb::Settings Merged(const std::string& request) {
  std::vector<rpc::FieldViolation> violations;
  const pb::Settings merged = MergeSettings(Request(request), Now(), &violations);
  EXPECT_THAT(violations, IsEmpty()) << request;
  return merged;
}

TEST(SettingsChangeTest, WhatIsSetIsChangedWithoutAMask) {
  EXPECT_THAT(ChangedPaths(Request("settings { parallelism: 3 watermark_delay {} }")),
              ElementsAre("parallelism", "watermark_delay"));
  const pb::Settings merged = Merged("settings { bytes_per_second: 5000 fetch_memory_bytes: 9 }");
  EXPECT_EQ(merged.parallelism(), 2);
  EXPECT_EQ(merged.records_per_second(), 70);
  EXPECT_EQ(merged.bytes_per_second(), 5000);
  EXPECT_EQ(merged.fetch_memory_bytes(), 9);
}

TEST(SettingsChangeTest, WhatTheMaskNamesIsSetToZero) {
  EXPECT_EQ(Merged("update_mask { paths: 'records_per_second' }").records_per_second(), 0);
  EXPECT_EQ(Merged("update_mask { paths: 'parallelism' }").records_per_second(), 70);
}

TEST(SettingsChangeTest, AStarMeansEverything) {
  const pb::Settings merged = Merged("settings { parallelism: 5 } update_mask { paths: '*' }");
  EXPECT_EQ(merged.parallelism(), 5);
  EXPECT_EQ(merged.records_per_second(), 0);
  EXPECT_FALSE(merged.has_auto_parallelism());
}

TEST(SettingsChangeTest, WhatThePipelineDeclaresStaysItsOwn) {
  const pb::Settings merged = Merged("settings { parallelism: 5 }");
  EXPECT_FALSE(merged.has_watermark_delay());
  EXPECT_FALSE(merged.has_idle_policy());
  const pb::Settings effective = EffectiveSettings(MakeSettings(merged), [] {
    pb::Pipeline declared;
    declared.ParseFromString(Now().served.definition);
    return declared;
  }());
  EXPECT_EQ(effective.watermark_delay().seconds(), 60);
  EXPECT_EQ(effective.idle_policy().all_idle(), pb::IdlePolicy::ALL_IDLE_WAIT);
}

TEST(SettingsChangeTest, AMessageIsReplacedAsAWhole) {
  const pb::Settings merged = Merged("settings { idle_policy { close_after { seconds: 4 } } }");
  EXPECT_EQ(merged.idle_policy().close_after().seconds(), 4);
  EXPECT_FALSE(merged.idle_policy().has_idle_timeout());
  EXPECT_EQ(merged.idle_policy().all_idle(), pb::IdlePolicy::ALL_IDLE_UNSPECIFIED);
  EXPECT_FALSE(Merged("update_mask { paths: 'auto_parallelism' }").has_auto_parallelism());
}

TEST(SettingsChangeTest, APathMayLeadIntoAMessage) {
  const pb::Settings merged = Merged(
      "settings { idle_policy { all_idle: ALL_IDLE_CLOSE_AFTER close_after { seconds: 9 } } "
      "auto_parallelism { enabled: true } } "
      "update_mask { paths: 'idle_policy.all_idle' paths: 'auto_parallelism.enabled' }");
  EXPECT_EQ(merged.idle_policy().all_idle(), pb::IdlePolicy::ALL_IDLE_CLOSE_AFTER);
  EXPECT_EQ(merged.idle_policy().idle_timeout().seconds(), 3) << "as the pipeline declares";
  EXPECT_EQ(merged.idle_policy().close_after().seconds(), 30) << "not named in the mask";
  EXPECT_TRUE(merged.auto_parallelism().enabled());
  EXPECT_EQ(merged.auto_parallelism().min_workers(), 3);
}

TEST(SettingsChangeTest, PathsThatDoNotExistAreNamed) {
  std::vector<rpc::FieldViolation> violations;
  MergeSettings(Request("update_mask { paths: 'parallelism' paths: 'nonsense' paths: "
                        "'idle_policy.nonsense' paths: '' }"),
                Now(), &violations);
  ASSERT_THAT(violations, SizeIs(3));
  for (const auto& violation : violations) EXPECT_EQ(violation.field, "update_mask");
  EXPECT_THAT(violations[2].description, ::testing::HasSubstr("\"nonsense\""));
}

TEST(SettingsChangeTest, AskingForWhatIsChangesNothing) {
  ControlledPipeline now = Now();
  const auto none = [&](const std::string& request) {
    return ChangesNothing(Request(request), now);
  };
  EXPECT_TRUE(none("settings { parallelism: 2 }"));
  EXPECT_TRUE(none("settings { parallelism: 2 records_per_second: 70 }"));
  EXPECT_FALSE(none("settings { parallelism: 3 records_per_second: 70 }"));
  EXPECT_FALSE(none("update_mask { paths: 'records_per_second' }"));
  // The pipeline's own, until it is set.
  EXPECT_TRUE(none("update_mask { paths: 'idle_policy' paths: 'watermark_delay' }"));
  const std::string timeout =
      "settings { idle_policy { idle_timeout { seconds: 9 } } } "
      "update_mask { paths: 'idle_policy.idle_timeout' }";
  EXPECT_FALSE(none(timeout));
  std::vector<rpc::FieldViolation> violations;
  now.settings = MakeSettings(MergeSettings(Request(timeout), now, &violations));
  EXPECT_TRUE(none(timeout));
  EXPECT_FALSE(none("update_mask { paths: 'idle_policy' }"));
  EXPECT_FALSE(none("update_mask { paths: 'nonsense' }"));
}

TEST(SettingsChangeTest, SettingsAreTheSameThereAndBack) {
  const pb::Settings everything = Request(
                                      "settings { parallelism: 3 records_per_second_per_partition: "
                                      "5 commit_interval { nanos: 20000000 } state_limit_bytes: "
                                      "2000000 records_per_second: 6 bytes_per_second: 7000 "
                                      "watermark_delay { seconds: 2 nanos: 5000 } idle_policy { "
                                      "idle_timeout { seconds: 1 } all_idle: ALL_IDLE_WALL_CLOCK "
                                      "close_after { seconds: 8 } } auto_parallelism { enabled: "
                                      "true min_workers: 2 max_workers: 6 } fetch_memory_bytes: "
                                      "3000000 }")
                                      .settings();
  const pb::Settings again = EncodeSettings(MakeSettings(everything));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(again, everything))
      << again.DebugString();
}

}  // namespace
}  // namespace windrow::aggregator
