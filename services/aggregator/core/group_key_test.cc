#include "services/aggregator/core/group_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Gt;
using ::testing::Lt;

using Values = std::vector<absl::optional<std::string>>;

std::string Encode(const Values& values) {
  std::string key;
  for (const absl::optional<std::string>& value : values) {
    AppendGroupValue(value.has_value() ? absl::make_optional<absl::string_view>(*value)
                                       : absl::optional<absl::string_view>(),
                     &key);
  }
  return key;
}

// A literal with its zero bytes.
template <size_t kSize>
std::string Bytes(const char (&literal)[kSize]) {
  return std::string(literal, kSize - 1);
}

// Values short and of few bytes, so that equal ones and prefixes of each other are frequent.
Values RandomValues(std::mt19937_64* random) {
  constexpr char kBytes[] = {'\x00', '\x01', '\x02', 'a', '\x7F', '\x80', '\xFE', '\xFF'};
  Values values((*random)() % 4);
  for (absl::optional<std::string>& value : values) {
    if ((*random)() % 4 == 0) continue;
    value.emplace((*random)() % 5, ' ');
    for (char& byte : *value) byte = kBytes[(*random)() % sizeof(kBytes)];
  }
  return values;
}

TEST(GroupKeyTest, EncodesAsDocumented) {
  EXPECT_EQ(Encode({}), "");
  EXPECT_EQ(Encode({absl::nullopt}), Bytes("\x00"));
  EXPECT_EQ(Encode({""}), Bytes("\x02\x00"));
  EXPECT_EQ(Encode({"ADM", absl::nullopt, "x"}), Bytes("\x02"
                                                       "ADM\x00\x00\x02x\x00"));
  EXPECT_EQ(Encode({Bytes("\x00")}), Bytes("\x02\x00\xFF\x00"));
  EXPECT_EQ(Encode({Bytes("a\x00\x00\xFF")}), Bytes("\x02"
                                                    "a\x00\xFF\x00\xFF\xFF\x00"));
  EXPECT_EQ(Encode({Bytes("\xFF")}), Bytes("\x02\xFF\x00"));
}

TEST(GroupKeyTest, AppendsToWhatIsThere) {
  std::string key = "x";
  AppendGroupValue(absl::string_view("y"), &key);
  EXPECT_EQ(key, Bytes("x\x02y\x00"));
}

TEST(GroupKeyTest, RefusesWhatIsNotAKey) {
  for (const std::string& key : {
           Bytes("\x01"),
           Bytes("\x03"
                 "a\x00"),
           Bytes("\xFF"),
           Bytes("a"),
           Bytes("\x02"),
           Bytes("\x02"
                 "a"),
           Bytes("\x02"
                 "a\x00\xFF"),
           Bytes("\x02"
                 "a\x00\xFF"
                 "b"),
           Bytes("\x02"
                 "a\x00"
                 "b\x00"),
           Bytes("\x00\x00\x02"),
       }) {
    EXPECT_EQ(DecodeGroupKey(key), absl::nullopt) << testing::PrintToString(key);
  }
}

TEST(GroupKeyTest, RandomValuesComeBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const Values values = RandomValues(&random);
    ASSERT_EQ(DecodeGroupKey(Encode(values)), values) << testing::PrintToString(values);
  }
}

TEST(GroupKeyTest, RandomBytesAreRefusedOrComeBack) {
  constexpr char kBytes[] = {'\x00', '\x02', '\xFF', 'a'};
  std::mt19937_64 random(3);
  int keys = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 9, ' ');
    for (char& byte : bytes) byte = kBytes[random() % sizeof(kBytes)];
    const absl::optional<Values> values = DecodeGroupKey(bytes);
    if (!values.has_value()) continue;
    ++keys;
    // One group has one key only.
    ASSERT_EQ(Encode(*values), bytes) << testing::PrintToString(bytes);
  }
  EXPECT_GT(keys, 1000);
}

TEST(GroupKeyTest, KeysCompareAsTheirValues) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 50'000; ++i) {
    const Values a = RandomValues(&random);
    const Values b = RandomValues(&random);
    // Null comes before text, text compares by byte, a shorter list before a longer.
    ASSERT_EQ(Encode(a) < Encode(b), a < b)
        << testing::PrintToString(a) << " and " << testing::PrintToString(b);
    ASSERT_EQ(Encode(a) == Encode(b), a == b);
  }
}

// Computed apart from this code, from the definitions, in Python:
//   def fnv1a(data, h=0xcbf29ce484222325):
//       for byte in data: h = (h ^ byte) * 0x100000001b3 % 2**64
//       return h
//   def fmix64(h):
//       h = (h ^ h >> 33) * 0xff51afd7ed558ccd % 2**64
//       h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53 % 2**64
//       return h ^ h >> 33
//   def prefixed(data): return len(data).to_bytes(4, "little") + data
//   fmix64(fnv1a(prefixed(view) + prefixed(key)))
TEST(GroupHashTest, NeverChanges) {
  EXPECT_EQ(GroupHash("", ""), 0x7bd3144f29c0cc9eu);
  EXPECT_EQ(GroupHash("calls-by-type", Bytes("\x02Traffic Stop\x00")), 0x6358911c8820ad1bu);
  EXPECT_EQ(GroupHash("calls-by-type", Bytes("\x00")), 0xb2bc2266f6059f41u);
  EXPECT_EQ(GroupHash("calls-by-disposition", "\x02Stra\xC3\x9F" + Bytes("e\x00")),
            0x25477127d3182112u);
  EXPECT_EQ(GroupHash("v", Bytes("\x02"
                                 "a\x00\xFF\xFF"
                                 "b\x00\x00")),
            0x82848b82995bb3b1u);
  EXPECT_EQ(GroupHash("long", "\x02" + std::string(70'000, 'x') + Bytes("\x00")),
            0x888ad806833dbcb5u);
}

// The remainder of plain FNV-1a by 3, 5 or 15 leaves partitions empty.
TEST(GroupHashTest, SharesOutEvenlyWhateverTheNumberOfPartitions) {
  constexpr int kGroups = 900;
  for (uint64_t partitions = 2; partitions <= 32; ++partitions) {
    std::vector<int> groups(partitions);
    for (int i = 0; i < kGroups; ++i) {
      ++groups[GroupHash("view", Encode({absl::StrCat("group ", 100 + i)})) % partitions];
    }
    const double even = static_cast<double>(kGroups) / static_cast<double>(partitions);
    // Five standard deviations of a fair choice.
    EXPECT_THAT(groups, Each(AllOf(Gt(even - 5 * std::sqrt(even)), Lt(even + 5 * std::sqrt(even)))))
        << partitions << " partitions";
  }
}

TEST(GroupHashTest, TellsWhereTheViewEnds) {
  EXPECT_EQ(GroupHash("ab", "c"), 0xc460cdda4834c43cu);
  EXPECT_EQ(GroupHash("a", "bc"), 0x9bb08d259f8ef201u);
}

}  // namespace
}  // namespace windrow::aggregator
