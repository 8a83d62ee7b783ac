#include "clients/cli/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <vector>

#include "clients/cli/profiles.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

struct Parsed {
  std::string topic;
  int64_t count = 7;
  std::optional<double> rate;
  absl::Duration wait = absl::Seconds(1);
  bool flag = false;
  std::string kafka;
  std::string output = "table";
};

class CommandLineTest : public testing::Test {
 protected:
  // Nobody's own profiles.
  CommandLineTest() { setenv("XDG_CONFIG_HOME", testing::TempDir().c_str(), 1); }

  static void WriteProfiles(const std::string& text) {
    std::filesystem::create_directories(testing::TempDir() + "/windrow");
    std::ofstream(Profiles::Path()) << text;
  }
  ~CommandLineTest() override {
    std::remove(Profiles::Path().c_str());
    for (const char* const name : {"WINDROW_KAFKA", "WINDROW_PROFILE", "WINDROW_OUTPUT"}) {
      unsetenv(name);
    }
  }

  // Runs `windrow` with these words; `topics tail` is the one command there is.
  int Run(std::initializer_list<const char*> words) {
    CommandLine line;
    line.Add("topics tail", "help", [this](Command& command) {
      command.Argument("TOPIC", &parsed_.topic, "help");
      command.Option("--count", &parsed_.count, "help");
      command.Option("--rate", &parsed_.rate, "help");
      command.Option("--wait", &parsed_.wait, "help");
      command.Flag("--flag", &parsed_.flag, "help");
      command.Output(&parsed_.output, {"more"});
      command.Alias("follow");
      return [this](Session& session) {
        parsed_.kafka = session.addresses().kafka;
        return result_;
      };
    });
    std::vector<std::string> copies = {"windrow"};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : copies) argv.push_back(word.data());
    return line.Run(static_cast<int>(argv.size()), argv.data());
  }

  Parsed parsed_;
  absl::Status result_;
};

TEST_F(CommandLineTest, FillsWhatWasGivenAndKeepsDefaults) {
  EXPECT_EQ(Run({"topics", "tail", "calls", "--rate", "2.5", "--wait", "250ms"}), 0);
  EXPECT_EQ(parsed_.topic, "calls");
  EXPECT_EQ(parsed_.count, 7);
  EXPECT_EQ(parsed_.rate, 2.5);
  EXPECT_EQ(parsed_.wait, absl::Milliseconds(250));
  EXPECT_FALSE(parsed_.flag);
}

TEST_F(CommandLineTest, AnAliasIsTheCommandItself) {
  EXPECT_EQ(Run({"topics", "follow", "calls", "--flag"}), 0);
  EXPECT_EQ(parsed_.topic, "calls");
  EXPECT_TRUE(parsed_.flag);
}

TEST_F(CommandLineTest, GlobalOptionsStandAnywhere) {
  EXPECT_EQ(Run({"--kafka", "a:1", "topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "a:1");
  EXPECT_EQ(Run({"topics", "tail", "calls", "--kafka", "b:2", "--flag"}), 0);
  EXPECT_EQ(parsed_.kafka, "b:2");
  EXPECT_TRUE(parsed_.flag);
  EXPECT_EQ(Run({"--kafka", "a:1", "topics", "tail", "calls", "--kafka", "c:3"}), 0);
  EXPECT_EQ(parsed_.kafka, "c:3") << "the last one wins, for scripts that add to a command line";
}

TEST_F(CommandLineTest, TheEnvironmentNamesAddresses) {
  setenv("WINDROW_KAFKA", "c:3", 1);
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "c:3");
  EXPECT_EQ(Run({"topics", "tail", "calls", "--kafka", "d:4"}), 0);
  EXPECT_EQ(parsed_.kafka, "d:4");
  unsetenv("WINDROW_KAFKA");
}

TEST_F(CommandLineTest, FlagsWinOverTheEnvironmentOverTheProfileOverDefaults) {
  WriteProfiles(
      "current = \"a\"\n[profile.a]\nkafka = \"a:1\"\noutput = \"yaml\"\n[profile.b]\nkafka = "
      "\"b:1\"\n");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "a:1");
  EXPECT_EQ(parsed_.output, "yaml");
  parsed_ = {};
  EXPECT_EQ(Run({"topics", "tail", "calls", "--profile", "b"}), 0);
  EXPECT_EQ(parsed_.kafka, "b:1");
  EXPECT_EQ(parsed_.output, "table");
  setenv("WINDROW_PROFILE", "b", 1);
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "b:1");
  EXPECT_EQ(Run({"--profile", "a", "topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "a:1");
  setenv("WINDROW_KAFKA", "c:3", 1);
  setenv("WINDROW_OUTPUT", "json", 1);
  EXPECT_EQ(Run({"--profile", "a", "topics", "tail", "calls"}), 0);
  EXPECT_EQ(parsed_.kafka, "c:3");
  EXPECT_EQ(parsed_.output, "json");
  EXPECT_EQ(Run({"--kafka", "d:4", "topics", "tail", "calls", "-o", "more"}), 0);
  EXPECT_EQ(parsed_.kafka, "d:4");
  EXPECT_EQ(parsed_.output, "more");
}

TEST_F(CommandLineTest, AWrongProfileIsAWrongCommandLine) {
  EXPECT_EQ(Run({"--profile", "none", "topics", "tail", "calls"}), 2);
  WriteProfiles("current = \"gone\"\n");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 2);
  WriteProfiles("[profile.a]\nkafak = \"a:1\"\n");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 2);
  WriteProfiles("");
  setenv("WINDROW_OUTPUT", "xml", 1);
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 2);
}

TEST_F(CommandLineTest, WrongLinesEndWithTwo) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"topics"}), 2);
  EXPECT_EQ(Run({"topics", "tail"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "more"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "--unknown"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "--count", "many"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "--wait", "soon"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "--wait", "-1s"}), 2);
  EXPECT_EQ(Run({"nouns", "verb"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "-o", "xml"}), 2);
  EXPECT_EQ(Run({"topics", "tail", "calls", "--color", "--no-color"}), 2);
}

TEST_F(CommandLineTest, HelpEndsWithZero) {
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_EQ(Run({"topics", "tail", "--help"}), 0);
}

TEST_F(CommandLineTest, TheCommandsResultIsTheExitCode) {
  result_ = absl::UnavailableError("gone");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 78);
  result_ = UsageError("wrong");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 2);
  result_ = Interrupted("");
  EXPECT_EQ(Run({"topics", "tail", "calls"}), 130);
}

}  // namespace
}  // namespace windrow::cli
