#include "services/aggregator/source/known_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/source/record_shape.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

class KnownShapesTest : public testing::Test {
 protected:
  KnownShapesTest() { fields_.values.resize(2); }

  bool Read(absl::string_view record) { return ReadBy(&shapes_, record); }
  bool ReadBy(KnownShapes* shapes, absl::string_view record) {
    // Room behind it, and something there that would go on with it.
    text_ = absl::StrCat(record, std::string(RecordShape::kPadding, '"'));
    return shapes->Read(absl::string_view(text_).substr(0, record.size()), &fields_);
  }
  // What a record with these values makes of one like it.
  bool LearnThenRead(absl::string_view learned, absl::string_view read) {
    KnownShapes shapes(Wanted(), false);
    shapes.Learn(learned);
    return ReadBy(&shapes, read);
  }
  static std::vector<WantedField> Wanted() {
    return {{"type", 0, false}, {"count", 1, false}, {"time", -1, true}};
  }

  KnownShapes shapes_{Wanted(), false};
  RecordFields fields_;
  std::string text_;
};

TEST_F(KnownShapesTest, KnowsNothingAtFirst) { EXPECT_FALSE(Read(R"({"type":"a"})")); }

TEST_F(KnownShapesTest, ReadsARecordLikeOneBefore) {
  shapes_.Learn(R"( {"time":"t", "id" : "1","type":"a","count":1} )");
  EXPECT_TRUE(Read(R"( {"time":"2018", "id" : "","type":"Traffic Stop","count":-2.5} )"));
  EXPECT_EQ(fields_.event_time, "2018");
  EXPECT_THAT(fields_.values, ElementsAre(Optional(Eq("Traffic Stop")), Optional(Eq("-2.5"))));
}

TEST_F(KnownShapesTest, ForgetsTheValuesBefore) {
  shapes_.Learn(R"({"time":"t","type":"a","count":1})");
  shapes_.Learn(R"({"type":"a"})");
  ASSERT_TRUE(Read(R"({"time":"t","type":"a","count":1})"));
  ASSERT_TRUE(Read(R"({"type":"b"})"));
  EXPECT_EQ(fields_.event_time, absl::nullopt);
  EXPECT_THAT(fields_.values, ElementsAre(Optional(Eq("b")), Eq(absl::nullopt)));
}

TEST_F(KnownShapesTest, ValuesAreOfAnyLength) {
  for (const size_t learned : {0, 1, 7, 8, 31, 32, 33, 200}) {
    for (const size_t read : {0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 200}) {
      const auto record = [](size_t bytes) {
        return absl::StrCat(R"({"x":")", std::string(bytes, 'x'), R"(","type":")",
                            std::string(bytes, 'a'), R"("})");
      };
      ASSERT_TRUE(LearnThenRead(record(learned), record(read))) << learned << " " << read;
      EXPECT_EQ(fields_.values[0], std::string(read, 'a'));
    }
  }
}

TEST_F(KnownShapesTest, KeysAreOfAnyLength) {
  for (size_t bytes = 1; bytes < 100; ++bytes) {
    const std::string key(bytes, 'k');
    const std::string record = absl::StrCat(R"({")", key, R"(":"1","type":"a"})");
    ASSERT_TRUE(LearnThenRead(record, record)) << bytes;
    for (size_t i = 0; i < bytes; ++i) {
      std::string other = record;
      other[2 + i] = 'l';
      EXPECT_FALSE(LearnThenRead(record, other)) << i << " of " << bytes;
    }
  }
}

TEST_F(KnownShapesTest, OfAKeyThatStandsTwiceTheLastCounts) {
  const char* record = R"({"type":"a","x":"b","type":"c"})";
  ASSERT_TRUE(LearnThenRead(record, record));
  EXPECT_EQ(fields_.values[0], "c");
}

TEST_F(KnownShapesTest, EscapesMayStandInWhatIsNotNeeded) {
  const char* learned = R"({"x":"a","type":"b"})";
  EXPECT_TRUE(LearnThenRead(learned, R"({"x":"Bl\/St \" \\","type":"b"})"));
  EXPECT_FALSE(LearnThenRead(learned, R"({"x":"a","type":"\/"})"));
  EXPECT_FALSE(LearnThenRead(learned, R"({"x":"a\","type":"b"})"));
}

TEST_F(KnownShapesTest, TakesNoTextThatIsNotJson) {
  const char* learned = R"({"x":"a","n":1,"type":"b"})";
  for (const char* record : {
           "{\"x\":\"\x01\",\"n\":1,\"type\":\"b\"}",    // A control.
           "{\"x\":\"\\\n\",\"n\":1,\"type\":\"b\"}",    // Behind a backslash, too.
           "{\"x\":\"\xC3\",\"n\":1,\"type\":\"b\"}",    // Half a character.
           "{\"x\":\"\\\xC3\",\"n\":1,\"type\":\"b\"}",  // Behind a backslash, too.
           "{\"x\":\"a\",\"n\":1,\"type\":\"\xFF\"}",    //
           "{\"x\":\"a\",\"n\":1,\"type\":\"b\"",        //
           "{\"x\":\"a\",\"n\":1,\"type\":\"b",          //
           "{\"x\":\"a\",\"n\":1,\"type\":\"b\"}}",      //
           "{\"x\":\"a\",\"n\":,\"type\":\"b\"}",        //
           "{\"x\":\"a\",\"n\":1 1,\"type\":\"b\"}",     //
           "{\"x\":\"a\",\"n\":\"1\",\"type\":\"b\"}",   // JSON, but of another shape.
           "{\"x\":\"a\", \"n\":1,\"type\":\"b\"}",      //
       }) {
    EXPECT_FALSE(LearnThenRead(learned, record)) << record;
  }
  EXPECT_TRUE(LearnThenRead(learned, "{\"x\":\"\xC3\xA9\",\"n\":true,\"type\":\"\xC3\xA9\"}"));
}

TEST_F(KnownShapesTest, LeavesWhatIsNoNumberToACloserLook) {
  const char* learned = R"({"count":1,"time":"t"})";
  for (const char* value : {"true", "null", "01", "1.", "1e"}) {
    EXPECT_FALSE(LearnThenRead(learned, absl::StrCat(R"({"count":)", value, R"(,"time":"t"})")));
  }
  EXPECT_TRUE(LearnThenRead(learned, R"({"count":-12.50e+3,"time":"t"})"));
  // A time as a number is of a wrong type, where the format is a text.
  EXPECT_FALSE(LearnThenRead(R"({"time":1})", R"({"time":1})"));
}

TEST_F(KnownShapesTest, LearnsOnlyFlatObjects) {
  for (const char* record : {"{}", "[]", "1", R"("type")", R"({"x":{},"type":"a"})",
                             R"({"x":[1],"type":"a"})", R"({"\u0078":"1","type":"a"})"}) {
    EXPECT_FALSE(LearnThenRead(record, record)) << record;
  }
}

TEST_F(KnownShapesTest, KnowsSeveralShapes) {
  const auto record = [](int shape) {
    return absl::StrCat(R"({"shape)", shape, R"(":"x","type":"a"})");
  };
  for (int shape = 0; shape < 4; ++shape) shapes_.Learn(record(shape));
  for (int shape = 0; shape < 4; ++shape) EXPECT_TRUE(Read(record(shape))) << shape;
}

TEST_F(KnownShapesTest, FollowsAStreamThatChanges) {
  const char* before = R"({"before":"x","type":"a"})";
  const char* after = R"({"after":"x","type":"a"})";
  for (int i = 0; i < 100; ++i) shapes_.Learn(before);
  int records = 0;
  while (!Read(after)) {
    shapes_.Learn(after);
    ASSERT_LT(++records, 1'000);
  }
}

}  // namespace
}  // namespace windrow::aggregator
