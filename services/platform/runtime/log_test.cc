#include "services/platform/runtime/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace windrow::runtime {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

// What `write` puts on standard error.
template <typename Function>
std::string Captured(Function write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

// The string value of `field` in a line, which must be an object of JSON.
std::string StringIn(const std::string& line, const char* field) {
  simdjson::dom::parser parser;
  simdjson::dom::element object;
  EXPECT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
  std::string_view value;
  EXPECT_EQ(object[field].get(value), simdjson::SUCCESS) << line;
  return std::string(value);
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override { InitLog("tester", "json", LogLevel::kInfo); }
};

TEST_F(LogTest, WritesOneJsonObject) {
  const std::string line = Captured([] {
    LogInfo("worker started", {{"slot", 3},
                               {"offset", int64_t{-9007199254740993}},
                               {"bytes", std::numeric_limits<uint64_t>::max()},
                               {"seconds", 0.1},
                               {"final", true},
                               {"topic", "calls"}});
  });
  EXPECT_THAT(line,
              MatchesRegex("\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "\\.[0-9]{3}Z\",\"level\":\"info\",\"service\":\"tester\","
                           "\"event\":\"worker started\",\"slot\":3,"
                           "\"offset\":-9007199254740993,\"bytes\":18446744073709551615,"
                           "\"seconds\":0\\.1,\"final\":true,\"topic\":\"calls\"\\}\n"));
}

TEST_F(LogTest, EscapesWhateverAStringHolds) {
  std::string nasty = "quote\" back\\slash\nnew\ttab\r";
  for (char c = 0; c < 0x20; ++c) nasty += c;
  nasty += u8"\x7f é 😀";
  const std::string line = Captured([&] { LogError("failed", {{"reason", nasty}}); });
  EXPECT_THAT(std::vector<std::string>(absl::StrSplit(line, '\n')), SizeIs(2)) << line;
  EXPECT_EQ(StringIn(line, "reason"), nasty);
}

TEST_F(LogTest, ReplacesWhatIsNotUtf8) {
  const std::string line = Captured([] { LogError("failed", {{"key", "a\xFFz"}}); });
  EXPECT_EQ(StringIn(line, "key"), u8"a\uFFFDz");
}

TEST_F(LogTest, CutsLongValues) {
  const std::string line = Captured([] {
    LogInfo("read", {{"record", std::string(1000000, 'x')}});
  });
  EXPECT_EQ(StringIn(line, "record").size(), 4096u);
}

TEST_F(LogTest, WritesNumbersThatJsonLacksAsStrings) {
  const std::string line = Captured([] {
    LogInfo("rate", {{"rate", std::numeric_limits<double>::infinity()}});
  });
  EXPECT_EQ(StringIn(line, "rate"), "inf");
}

TEST_F(LogTest, TakesANullAsEmpty) {
  const char* null = nullptr;
  EXPECT_EQ(StringIn(Captured([&] { LogInfo("read", {{"key", null}}); }), "key"), "");
}

TEST_F(LogTest, LeavesOutLowerLevels) {
  EXPECT_EQ(Captured([] { Log(LogLevel::kDebug, "detail"); }), "");
  InitLog("tester", "json", LogLevel::kError);
  EXPECT_EQ(Captured([] { LogWarning("odd"); }), "");
  EXPECT_NE(Captured([] { LogError("bad"); }), "");
}

TEST_F(LogTest, WritesTextForPeople) {
  InitLog("tester", "text", LogLevel::kDebug);
  const std::string line = Captured([] {
    LogWarning(
        "broker away",
        {{"broker", "127.0.0.1:9092"}, {"error", "it \"said\"\nno"}, {"n", 1}, {"empty", ""}});
  });
  EXPECT_THAT(line, MatchesRegex("[^ ]+Z warning tester event=\"broker away\" "
                                 "broker=127\\.0\\.0\\.1:9092 error=\"it \\\\\"said\\\\\"\\\\nno\" "
                                 "n=1 empty=\"\"\n"));
}

TEST_F(LogTest, KeepsLinesOfThreadsApart) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const std::string value(4000, 'v');
  const std::string text = Captured([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < kLines; ++n) LogInfo("line", {{"a", value}, {"b", value}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(kThreads * kLines));
  for (const std::string& line : lines) ASSERT_EQ(StringIn(line, "b"), value);
}

}  // namespace
}  // namespace windrow::runtime
