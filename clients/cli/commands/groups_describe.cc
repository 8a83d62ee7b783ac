#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "services/platform/kafka/group_admin.h"

namespace windrow::cli {
namespace {

using ::windrow::kafka::GroupDescription;
using ::windrow::kafka::GroupMember;
using ::windrow::kafka::GroupPartition;

constexpr absl::Duration kTimeout = absl::Seconds(20);

struct DescribeOptions {
  std::string group;
  std::string format = "table";
};

std::string MemberId(const GroupDescription& group, const GroupPartition& partition) {
  return partition.member.has_value() ? group.members[*partition.member].id : "";
}

std::string PartitionMembers(const GroupDescription& group, const GroupPartition& partition) {
  std::string json = "\"topic\":";
  AppendJsonString(partition.topic, &json);
  absl::StrAppend(&json, ",\"partition\":", partition.partition, ",\"committed\":",
                  partition.committed.has_value() ? absl::StrCat(*partition.committed) : "null",
                  ",\"end\":", partition.end, ",\"lag\":", partition.lag, ",\"member\":");
  if (partition.member.has_value()) {
    AppendJsonString(MemberId(group, partition), &json);
  } else {
    json += "null";
  }
  return json;
}

std::string GroupJson(const GroupDescription& group) {
  std::string json = "{\"group\":";
  AppendJsonString(group.name, &json);
  json += ",\"state\":";
  AppendJsonString(group.state, &json);
  json += ",\"assignor\":";
  AppendJsonString(group.assignor, &json);
  json += ",\"members\":[";
  for (const GroupMember& member : group.members) {
    json += json.back() == '[' ? "{\"id\":" : ",{\"id\":";
    AppendJsonString(member.id, &json);
    json += ",\"client_id\":";
    AppendJsonString(member.client_id, &json);
    json += ",\"host\":";
    AppendJsonString(member.host, &json);
    absl::StrAppend(&json, ",\"partitions\":", member.partitions, "}");
  }
  json += "],\"partitions\":[";
  for (const GroupPartition& partition : group.partitions) {
    absl::StrAppend(&json, json.back() == '[' ? "{" : ",{", PartitionMembers(group, partition),
                    "}");
  }
  return json + "]}";
}

void PrintTables(const GroupDescription& group) {
  constexpr auto kRight = TextTable::Align::kRight;
  int64_t lag = 0;
  TextTable partitions({{"TOPIC"},
                        {"PARTITION", kRight},
                        {"COMMITTED", kRight},
                        {"END", kRight},
                        {"LAG", kRight},
                        {"MEMBER"}});
  for (const GroupPartition& partition : group.partitions) {
    lag += partition.lag;
    const std::string member = Printable(MemberId(group, partition));
    partitions.Add({Printable(partition.topic), absl::StrCat(partition.partition),
                    partition.committed.has_value() ? absl::StrCat(*partition.committed) : "-",
                    absl::StrCat(partition.end), GroupedNumber(partition.lag),
                    member.empty() ? "-" : member});
  }
  PrintLine(absl::StrCat(Printable(group.name), ": ", Printable(group.state), ", ",
                         group.members.size(), " members, lag ", GroupedNumber(lag)));
  if (!group.members.empty()) {
    TextTable members({{"MEMBER"}, {"CLIENT"}, {"HOST"}, {"PARTITIONS", kRight}});
    for (const GroupMember& member : group.members) {
      members.Add({Printable(member.id), Printable(member.client_id), Printable(member.host),
                   absl::StrCat(member.partitions)});
    }
    Print(members.Text());
  }
  PrintLine("");
  Print(partitions.Text());
}

absl::Status Run(Session& session, const DescribeOptions& options) {
  const auto admin = kafka::GroupAdmin::Create(session.KafkaClient());
  if (!admin.ok()) return admin.status();
  const absl::StatusOr<GroupDescription> group = (*admin)->Describe(options.group, kTimeout);
  if (absl::IsNotFound(group.status())) {
    return absl::NotFoundError(absl::StrCat("there is no group \"", options.group,
                                            "\" in Kafka at ", session.addresses().kafka,
                                            "; `windrow groups list` names those there are"));
  }
  if (!group.ok()) return ExplainKafka(session.addresses().kafka, group.status());
  if (options.format == "csv") {
    Listing listing(options.format);
    for (const GroupPartition& partition : group->partitions) {
      listing.AddJson(absl::StrCat("{", PartitionMembers(*group, partition), "}"),
                      [] { return std::vector<std::string>(); });
    }
    listing.Finish();
  } else {
    PrintJsonRecord(options.format, GroupJson(*group), [&group] { PrintTables(*group); });
  }
  return absl::OkStatus();
}

}  // namespace

void AddGroupsDescribe(CommandLine* line) {
  line->Add("groups describe",
            "Shows a group's members, and what it has committed and not read of each partition",
            [](Command& command) {
              const auto options = std::make_shared<DescribeOptions>();
              command.Argument("GROUP", &options->group, "Its name");
              command.Output(&options->format, {}, "How to print; csv: the partitions");
              command.Examples(
                  "  windrow groups describe sf-calls.aggregator\n"
                  "  windrow groups describe sf-calls.aggregator -o csv");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
