#include "clients/cli/completion.h"

#include <CLI/CLI.hpp>

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() : root_("about", "windrow") {
    root_.add_option("--kafka", text_, "Broker");
    CLI::App* const topics = root_.add_subcommand("topics", "Topics; and more");
    CLI::App* const tail = topics->add_subcommand("tail", "Prints");
    tail->add_option("TOPIC", text_, "Its name");
    tail->add_option("-o,--output", text_, "How")
        ->check(CLI::IsMember(std::vector<std::string>{"table", "json"}));
    tail->add_flag("--exit-at-end", flag_, "End");
    tail->add_option("--file", text_, "File");
    topics->add_subcommand("list", "Lists");
    CLI::App* const tune = root_.add_subcommand("tune", "Tries");
    tune->add_option("FILE", text_, "Plan");
    CLI::App* const health = root_.add_subcommand("health", "Asks");
    health->alias("healthcheck");
    health->add_option("PART", texts_, "Part")
        ->check(CLI::IsMember(std::vector<std::string>{"kafka", "query"}));
  }

  std::string Words(const std::vector<std::string>& line) {
    std::string words;
    for (const auto& offer : Complete(root_, line).words) words += offer.first + " ";
    return words;
  }

  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
  CLI::App root_;
};

TEST_F(CompletionTest, CommandsAtEachLevel) {
  EXPECT_EQ(Words({""}), "topics tune health ");
  EXPECT_EQ(Words({"t"}), "topics tune ");
  EXPECT_EQ(Words({"topics", ""}), "tail list ");
  EXPECT_EQ(Words({"--kafka", "topics", "t"}), "topics tune ") << "a value is no command";
  EXPECT_EQ(Words({"--kafka=a:1", "topics", "li"}), "list ");
}

TEST_F(CompletionTest, OptionsHereAndFurtherOut) {
  EXPECT_EQ(Words({"topics", "tail", "--"}), "--help --output --exit-at-end --file --kafka ");
  EXPECT_EQ(Words({"topics", "tail", "calls", "--ex"}), "--exit-at-end ");
}

TEST_F(CompletionTest, ChoicesOfOptionsAndArguments) {
  EXPECT_EQ(Words({"topics", "tail", "-o", ""}), "table json ");
  EXPECT_EQ(Words({"topics", "tail", "--output", "j"}), "json ");
  EXPECT_EQ(Words({"topics", "tail", "--output=j"}), "--output=json ");
  EXPECT_EQ(Words({"topics", "tail", "--output", "=", "j"}), "json ") << "as bash splits it";
  EXPECT_EQ(Words({"topics", "tail", "--output", "="}), "table json ");
  EXPECT_EQ(Words({"health", ""}), "kafka query ");
  EXPECT_EQ(Words({"health", "kafka", "q"}), "query ") << "one of any number";
  EXPECT_EQ(Words({"healthcheck", ""}), "kafka query ");
  EXPECT_EQ(Words({"topics", "tail", "--exit-at-end", "-"}).find("table"), std::string::npos);
}

TEST_F(CompletionTest, NamesAndFiles) {
  EXPECT_EQ(Complete(root_, {"topics", "tail", "ca"}).names_of, "TOPIC");
  EXPECT_EQ(Complete(root_, {"topics", "tail", "calls", ""}).names_of, "");
  EXPECT_TRUE(Complete(root_, {"topics", "tail", "--file", ""}).files);
  EXPECT_TRUE(Complete(root_, {"tune", ""}).files);
  EXPECT_FALSE(Complete(root_, {"topics", "tail", ""}).files);
  EXPECT_EQ(Complete(root_, {"--kafka", "a:1", "topics", "tail", ""}).globals.at("--kafka"), "a:1");
  EXPECT_EQ(Complete(root_, {"topics", "tail", "--kafka=b:2", ""}).globals.at("--kafka"), "b:2");
}

TEST_F(CompletionTest, TextForTheShell) {
  EXPECT_EQ(Complete(root_, {"to"}).Text(), "topics\tTopics\n:words\n");
  EXPECT_EQ(Complete(root_, {"tune", ""}).Text(), ":files\n");
}

TEST(CompletionScriptTest, ThereIsOneForEachShell) {
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(CompletionScript(shell).find("__complete"), std::string::npos);
  }
  EXPECT_EQ(CompletionScript("tcsh"), "");
}

}  // namespace
}  // namespace windrow::cli
