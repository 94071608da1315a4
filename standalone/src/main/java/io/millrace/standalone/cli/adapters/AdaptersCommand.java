package io.millrace.standalone.cli.adapters;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "adapters",
        description = "Lists and changes what the registry keeps of adapters.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ListCommand.class,
            ShowCommand.class,
            VersionsCommand.class,
            SetCommand.class,
            PromoteCommand.class,
            SwitchCommands.Rollback.class,
            SwitchCommands.Hold.class,
            SwitchCommands.Release.class,
            SwitchCommands.Pause.class,
            SwitchCommands.Resume.class,
            SwitchCommands.Cut.class,
            RetireCommand.class,
            LineageCommand.class,
            BisectCommand.class,
        })
public final class AdaptersCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a subcommand of adapters is missing");
    }
}
