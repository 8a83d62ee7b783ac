#include "services/query/core/resume_token.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/sealed_text.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAreArray;

ResumeToken MakeToken(FeedKind kind) {
  ResumeToken token;
  token.incarnation = ResultsIncarnation("sf-calls", 2);
  token.parent = "pipelines/sf-calls/views/calls-by-type";
  token.kind = kind;
  token.filter_hash = 77;
  token.positions = {{12, std::string("\x80\0k", 3)}, {int64_t{1} << 40, ""}};
  return token;
}

ExpectedToken Expect(FeedKind kind) {
  return {ResultsIncarnation("sf-calls", 2), "pipelines/sf-calls/views/calls-by-type", kind, 77, 2};
}

TokenFault Decode(const std::string& text, const ExpectedToken& expected) {
  ResumeToken token;
  return DecodeResumeToken(text, expected, &token);
}

TEST(ResumeTokenTest, DecodesWhatItEncoded) {
  const ResumeToken token = MakeToken(FeedKind::kFinalRows);
  ResumeToken decoded;
  ASSERT_EQ(DecodeResumeToken(EncodeResumeToken(token), Expect(FeedKind::kFinalRows), &decoded),
            TokenFault::kNone);
  EXPECT_THAT(decoded.positions, ElementsAreArray(token.positions));
  EXPECT_EQ(decoded.kind, FeedKind::kFinalRows);
  EXPECT_EQ(decoded.parent, token.parent);
}

TEST(ResumeTokenTest, TokenOfAListStartsAnyFeedOfTheView) {
  const std::string text = EncodeResumeToken(MakeToken(FeedKind::kAny));
  EXPECT_EQ(Decode(text, Expect(FeedKind::kAllRows)), TokenFault::kNone);
  ExpectedToken other = Expect(FeedKind::kFinalRows);
  other.filter_hash = 78;
  ResumeToken token;
  ASSERT_EQ(DecodeResumeToken(text, other, &token), TokenFault::kNone);
  EXPECT_EQ(token.kind, FeedKind::kFinalRows);
  EXPECT_EQ(token.filter_hash, 78u);
  other.parent = "pipelines/sf-calls/views/calls-by-disposition";
  EXPECT_EQ(Decode(text, other), TokenFault::kOtherFilter);
}

TEST(ResumeTokenTest, RefusesAnotherFilter) {
  const std::string text = EncodeResumeToken(MakeToken(FeedKind::kAllRows));
  EXPECT_EQ(Decode(text, Expect(FeedKind::kFinalRows)), TokenFault::kOtherFilter);
  ExpectedToken other = Expect(FeedKind::kAllRows);
  other.parent = "pipelines/sf-calls/views/calls-by-disposition";
  EXPECT_EQ(Decode(text, other), TokenFault::kOtherFilter);
  other = Expect(FeedKind::kAllRows);
  other.filter_hash = 78;
  EXPECT_EQ(Decode(text, other), TokenFault::kOtherFilter);
}

TEST(ResumeTokenTest, RefusesAnotherIncarnation) {
  const std::string text = EncodeResumeToken(MakeToken(FeedKind::kAllRows));
  ExpectedToken other = Expect(FeedKind::kAllRows);
  other.incarnation = ResultsIncarnation("sf-calls", 3);
  EXPECT_EQ(Decode(text, other), TokenFault::kOtherIncarnation);
  other = Expect(FeedKind::kAllRows);
  other.partitions = 3;
  EXPECT_EQ(Decode(text, other), TokenFault::kOtherIncarnation);
}

TEST(ResumeTokenTest, RefusesEveryChangeOfOneCharacter) {
  const std::string text = EncodeResumeToken(MakeToken(FeedKind::kAllRows));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(Decode(changed, Expect(FeedKind::kAllRows)), TokenFault::kMalformed) << i;
  }
}

TEST(ResumeTokenTest, RefusesAWellSealedPayloadThatMakesNoSense) {
  for (const std::string& payload :
       {std::string(), std::string(100, '\xff'), std::string(24, 0) + "x",
        std::string(20, '\0') + std::string("\xff\xff\xff\xff")}) {
    EXPECT_EQ(Decode(Seal(SealKind::kResumeToken, payload), Expect(FeedKind::kAllRows)),
              TokenFault::kMalformed);
  }
  ResumeToken negative = MakeToken(FeedKind::kAllRows);
  negative.positions[0].next_offset = -1;
  EXPECT_EQ(Decode(EncodeResumeToken(negative), Expect(FeedKind::kAllRows)),
            TokenFault::kMalformed);
}

}  // namespace
}  // namespace windrow::query
