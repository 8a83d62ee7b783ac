#include "clients/cli/profiles.h"

#include <cstdlib>
#include <fstream>

#include "clients/cli/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

using ::testing::HasSubstr;

class ProfilesTest : public testing::Test {
 protected:
  absl::StatusOr<Profiles> ReadText(const std::string& text) {
    std::ofstream(path_) << text;
    return Profiles::Read(path_);
  }

  const std::string path_ = testing::TempDir() + "/profiles.toml";
};

TEST_F(ProfilesTest, ReadsWhatPeopleWrite) {
  const auto profiles = ReadText(
      "# mine\n"
      "current = \"local\"\n"
      "\n"
      "[profile.local]\n"
      "kafka = \"a:1,b:2\"  # two brokers\n"
      "output=\"yaml\"\n"
      "[profile.default]\n"
      "query = 'h:7003'\n"
      "[profile.empty]\n");
  ASSERT_TRUE(profiles.ok()) << profiles.status();
  EXPECT_EQ(profiles->current, "local");
  EXPECT_EQ(profiles->by_name.size(), 3);
  EXPECT_EQ(profiles->by_name.at("local").at("kafka"), "a:1,b:2");
  EXPECT_EQ(profiles->by_name.at("local").at("output"), "yaml");
  EXPECT_EQ(profiles->by_name.at("default").at("query"), "h:7003");
}

TEST_F(ProfilesTest, WhatIsWrittenIsReadAgain) {
  Profiles profiles;
  profiles.current = "b";
  profiles.by_name["a"] = {{"kafka", "x:9092,y:9092"}, {"pipeline", "p-1"}};
  profiles.by_name["b"] = {};
  const std::string path = testing::TempDir() + "/deep/folder/profiles.toml";
  ASSERT_TRUE(profiles.Write(path).ok());
  const auto read = Profiles::Read(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->current, "b");
  EXPECT_EQ(read->by_name, profiles.by_name);
}

TEST_F(ProfilesTest, AMissingFileIsNoProfiles) {
  const auto profiles = Profiles::Read("/no/such/file");
  ASSERT_TRUE(profiles.ok());
  EXPECT_TRUE(profiles->by_name.empty());
  EXPECT_TRUE(Profiles::Read("").ok());
}

TEST_F(ProfilesTest, SaysWhatIsWrongAndWhere) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"[profile.a]\nkafak = \"x:1\"\n", "no \"kafak\""},
           {"[profile.a]\nkafka = \"nonsense\"\n", "not an address"},
           {"[profile.a]\nkafka = x:1,y:2\n", "quotes"},
           {"[profile.a]\noutput = \"xml\"\n", "\"xml\" is none of table, json, yaml, csv"},
           {"[profile.a b]\nkafka = \"x:1\"\n", "cannot name a profile"},
           {"[other.a]\nkafka = \"x:1\"\n", "not known"},
           {"garbage\n", "not known"}}) {
    const auto profiles = ReadText(text);
    ASSERT_FALSE(profiles.ok()) << text;
    EXPECT_TRUE(IsUsageError(profiles.status()));
    EXPECT_THAT(std::string(profiles.status().message()), HasSubstr(message));
    EXPECT_THAT(std::string(profiles.status().message()), HasSubstr(path_));
  }
}

TEST_F(ProfilesTest, ThePlaceIsThatOfTheXdgRules) {
  setenv("XDG_CONFIG_HOME", "/x", 1);
  EXPECT_EQ(Profiles::Path(), "/x/windrow/profiles.toml");
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", "/h", 1);
  EXPECT_EQ(Profiles::Path(), "/h/.config/windrow/profiles.toml");
  unsetenv("HOME");
  EXPECT_EQ(Profiles::Path(), "");
}

}  // namespace
}  // namespace windrow::cli
