#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "clients/cli/commands/commands.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

std::string Reference() {
  CommandLine line;
  AddAllCommands(&line);
  return line.Reference();
}

TEST(AllCommandsTest, TheReferenceIsUpToDate) {
  std::ifstream file("docs/cli.md");
  ASSERT_TRUE(file);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), Reference()) << "run dev/cli-reference";
}

TEST(AllCommandsTest, EachCommandHasExamples) {
  const std::vector<std::string> sections = absl::StrSplit(Reference(), "\n### ");
  EXPECT_GT(sections.size(), 40);
  for (size_t i = 1; i < sections.size(); ++i) {
    EXPECT_TRUE(absl::StrContains(sections[i], "\nExamples:\n")) << sections[i];
  }
}

TEST(AllCommandsTest, EachCommandThatPrintsDataHasAllFormats) {
  // docs/cli.md says why these have none.
  const std::set<std::string> without = {"windrow watch", "windrow completion",
                                         "windrow profile set", "windrow profile use"};
  const std::vector<std::string> sections = absl::StrSplit(Reference(), "\n### ");
  for (size_t i = 1; i < sections.size(); ++i) {
    const std::string name = sections[i].substr(0, sections[i].find('\n'));
    EXPECT_EQ(absl::StrContains(sections[i], "table, json, yaml, csv"), without.count(name) == 0)
        << sections[i];
  }
}

}  // namespace
}  // namespace windrow::cli
