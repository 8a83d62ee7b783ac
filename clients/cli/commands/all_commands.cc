#include "clients/cli/commands/commands.h"

namespace windrow::cli {

void AddAllCommands(CommandLine* line) {
  // In the order in which --help lists them.
  AddWatch(line);
  AddProgress(line);
  AddTune(line);
  AddWorkers(line);
  AddHealth(line);

  line->DescribeNoun("topics", "Kafka topics and what is in them");
  AddTopicsList(line);
  AddTopicsDescribe(line);
  AddTopicsTail(line);
  AddTopicsProduce(line);
  AddTopicsCreate(line);
  line->DescribeNoun("groups", "Consumer groups: who reads, and how far behind");
  AddGroupsList(line);
  AddGroupsDescribe(line);

  line->DescribeNoun("views", "Windowed aggregations of a pipeline");
  AddViewsList(line);
  line->DescribeNoun("windows", "Windows of a view");
  AddWindowsList(line);
  AddWindowsGet(line);
  line->DescribeNoun("results", "Rows of windows");
  AddResultsList(line);
  AddResultsWatch(line);
  AddResultsSeries(line);
  AddResultsTotals(line);
  AddResultsExport(line);

  line->DescribeNoun("pipelines", "What is computed, and how far it is");
  AddPipelinesList(line);
  AddPipelinesGet(line);
  AddPipelinesCreate(line);
  AddPipelinesApply(line);
  AddPipelinesUpdate(line);
  AddPipelinesRestart(line);
  AddPipelinesDelete(line);
  AddPipelinesStatus(line);
  AddPipelinesExplain(line);
  AddPipelinesDrain(line);
  AddPipelinesPause(line);
  AddPipelinesResume(line);
  line->DescribeNoun("settings", "What can be changed while a pipeline runs");
  AddSettingsGet(line);
  AddSettingsSet(line);
  line->DescribeNoun("tables", "Static tables that a pipeline's views join");
  AddTablesUpdate(line);

  line->DescribeNoun("producer", "Replay of a dataset or of generated calls");
  AddProducerStart(line);
  AddProducerStatus(line);
  AddProducerPause(line);
  AddProducerResume(line);
  AddProducerRate(line);
  AddProducerStop(line);

  line->DescribeNoun("profile", "Named sets of addresses and defaults, in a file");
  AddProfileList(line);
  AddProfileShow(line);
  AddProfileSet(line);
  AddProfileUse(line);
  AddCompletion(line);
  AddNames(line);
}

}  // namespace windrow::cli
