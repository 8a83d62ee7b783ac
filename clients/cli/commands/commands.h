#ifndef CLIENTS_CLI_COMMANDS_COMMANDS_H_
#define CLIENTS_CLI_COMMANDS_COMMANDS_H_

#include "clients/cli/command_line.h"

namespace windrow::cli {

// Each adds one command; its file has the command's name.
void AddCompletion(CommandLine* line);
void AddGroupsDescribe(CommandLine* line);
void AddGroupsList(CommandLine* line);
void AddHealth(CommandLine* line);
void AddPipelinesApply(CommandLine* line);
void AddPipelinesCreate(CommandLine* line);
void AddPipelinesDelete(CommandLine* line);
void AddPipelinesDrain(CommandLine* line);
void AddPipelinesPause(CommandLine* line);
void AddPipelinesResume(CommandLine* line);
void AddPipelinesExplain(CommandLine* line);
void AddPipelinesGet(CommandLine* line);
void AddPipelinesList(CommandLine* line);
void AddPipelinesRestart(CommandLine* line);
void AddPipelinesStatus(CommandLine* line);
void AddPipelinesUpdate(CommandLine* line);
void AddProducerPause(CommandLine* line);
void AddProducerRate(CommandLine* line);
void AddProducerResume(CommandLine* line);
void AddProducerStart(CommandLine* line);
void AddProducerStatus(CommandLine* line);
void AddProducerStop(CommandLine* line);
void AddProfileList(CommandLine* line);
void AddProfileSet(CommandLine* line);
void AddProfileShow(CommandLine* line);
void AddProfileUse(CommandLine* line);
void AddProgress(CommandLine* line);
void AddResultsExport(CommandLine* line);
void AddResultsList(CommandLine* line);
void AddResultsSeries(CommandLine* line);
void AddResultsTotals(CommandLine* line);
void AddResultsWatch(CommandLine* line);
void AddSettingsGet(CommandLine* line);
void AddSettingsSet(CommandLine* line);
void AddTablesUpdate(CommandLine* line);
void AddTopicsCreate(CommandLine* line);
void AddTopicsDescribe(CommandLine* line);
void AddTopicsList(CommandLine* line);
void AddTopicsProduce(CommandLine* line);
void AddTopicsTail(CommandLine* line);
void AddTune(CommandLine* line);
void AddViewsList(CommandLine* line);
void AddWatch(CommandLine* line);
void AddWindowsGet(CommandLine* line);
void AddWindowsList(CommandLine* line);
void AddWorkers(CommandLine* line);

// What completion offers for arguments: pipelines, views, topics, groups and profiles.
void AddNames(CommandLine* line);

// Adds all of them.
void AddAllCommands(CommandLine* line);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_COMMANDS_H_
