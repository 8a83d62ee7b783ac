#include "services/platform/runtime/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/time/time.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Where Kafka is, as HOST:PORT.");
ABSL_FLAG(int, rate, 0, "Records per second; 0 means as fast as possible.");
ABSL_FLAG(std::string, listen, "127.0.0.1:7001", "Where to serve gRPC, as HOST:PORT.");
ABSL_FLAG(std::string, log_format, "json", "Form of log lines: json or text.");
ABSL_FLAG(bool, loop, true, "Whether to begin again at the end.");
ABSL_FLAG(absl::Duration, idle, absl::Seconds(30),
          "Time without records after which a partition is idle.");

namespace windrow::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

void Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/opt/bin/tester");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ParseFlagsOrExit(static_cast<int>(argv.size()), argv.data(), "Tests things.\n\nAt length.\n");
}

// The help goes to standard output, which death tests do not see: this shows it on standard error.
void ParseShowingOutput(const std::vector<std::string>& arguments) {
  testing::internal::CaptureStdout();
  std::atexit([] { fputs(testing::internal::GetCapturedStdout().c_str(), stderr); });
  Parse(arguments);
}

class FlagsTest : public testing::Test {
 private:
  absl::FlagSaver saver_;
};
using FlagsDeathTest = FlagsTest;

TEST_F(FlagsTest, KeepsDefaults) {
  Parse({});
  EXPECT_EQ(absl::GetFlag(FLAGS_kafka), "127.0.0.1:9092");
  EXPECT_EQ(absl::GetFlag(FLAGS_rate), 0);
}

TEST_F(FlagsTest, TakesValuesInEveryForm) {
  Parse({"--kafka=a=b:1", "--rate", "-5", "--noloop", "-idle=2m"});
  EXPECT_EQ(absl::GetFlag(FLAGS_kafka), "a=b:1");
  EXPECT_EQ(absl::GetFlag(FLAGS_rate), -5);
  EXPECT_FALSE(absl::GetFlag(FLAGS_loop));
  EXPECT_EQ(absl::GetFlag(FLAGS_idle), absl::Minutes(2));
  Parse({"--log-format=text"});
  EXPECT_EQ(absl::GetFlag(FLAGS_log_format), "text");
  Parse({"--loop", "--kafka="});
  EXPECT_TRUE(absl::GetFlag(FLAGS_loop));
  EXPECT_EQ(absl::GetFlag(FLAGS_kafka), "");
  Parse({"--loop=false"});
  EXPECT_FALSE(absl::GetFlag(FLAGS_loop));
}

TEST_F(FlagsDeathTest, NamesAnUnknownFlagInOneLine) {
  EXPECT_EXIT(Parse({"--speed=1"}), ExitedWithCode(2),
              MatchesRegex("tester: unknown flag --speed \\(--help lists all flags\\)\n"));
  EXPECT_EXIT(Parse({"--kafak", "x"}), ExitedWithCode(2), HasSubstr("did you mean --kafka?"));
  EXPECT_EXIT(Parse({"--nokafka"}), ExitedWithCode(2), HasSubstr("unknown flag --nokafka"));
}

TEST_F(FlagsDeathTest, NamesAWrongValueInOneLine) {
  EXPECT_EXIT(Parse({"--rate=fast"}), ExitedWithCode(2),
              MatchesRegex("tester: wrong value 'fast' for --rate[^\n]*\n"));
  EXPECT_EXIT(Parse({"--loop=perhaps"}), ExitedWithCode(2),
              MatchesRegex("tester: wrong value 'perhaps' for --loop[^\n]*\n"));
  EXPECT_EXIT(Parse({"--rate"}), ExitedWithCode(2), MatchesRegex("tester: --rate needs a value\n"));
}

TEST_F(FlagsTest, TakesValuesOfSharedFlags) {
  Parse({"--listen=[::1]:0", "--log_format=text"});
  Parse({"--listen=unix:/tmp/socket"});
  EXPECT_EQ(absl::GetFlag(FLAGS_log_format), "text");
}

TEST_F(FlagsDeathTest, RefusesWrongValuesOfSharedFlags) {
  for (const std::string wrong :
       {"nonsense", "", ":1", "host:", "host:x", "host:65536", "host:-1"}) {
    EXPECT_EXIT(Parse({"--listen=" + wrong}), ExitedWithCode(2),
                MatchesRegex("tester: --listen must be HOST:PORT[^\n]*, not '" + wrong + "'\n"));
  }
  EXPECT_EXIT(Parse({"--log_format=xml"}), ExitedWithCode(2),
              MatchesRegex("tester: --log_format must be json or text, not 'xml'\n"));
}

TEST_F(FlagsDeathTest, RefusesStrayArguments) {
  EXPECT_EXIT(Parse({"run"}), ExitedWithCode(2),
              MatchesRegex("tester: unexpected argument 'run'\n"));
  EXPECT_EXIT(Parse({"--"}), ExitedWithCode(2), HasSubstr("unexpected argument '--'"));
}

TEST_F(FlagsDeathTest, ExplainsEveryFlagOfTheProgram) {
  EXPECT_EXIT(ParseShowingOutput({"--rate=1", "--help"}), ExitedWithCode(0),
              AllOf(HasSubstr("Tests things.\n\nAt length.\n\nFlags:\n"),
                    HasSubstr("  --idle (default: 30s)\n      Time without records"),
                    HasSubstr("  --kafka (default: 127.0.0.1:9092)\n      Where Kafka is"),
                    HasSubstr("  --rate (default: 0)\n"), HasSubstr("  --loop (default: true)\n"),
                    Not(HasSubstr("flagfile"))));
  EXPECT_EXIT(ParseShowingOutput({"--version"}), ExitedWithCode(0), HasSubstr("tester (Windrow) "));
}

TEST_F(FlagsDeathTest, ReportsUsageErrors) {
  EXPECT_EXIT(ExitWithUsageError("--rate must not be negative"), ExitedWithCode(2),
              HasSubstr(": --rate must not be negative\n"));
}

}  // namespace
}  // namespace windrow::runtime
