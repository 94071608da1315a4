package io.millrace.standalone.cli.base;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "base",
        description = "Gets and lists bases: the models that adapters are trained over.",
        mixinStandardHelpOptions = true,
        subcommands = {PullCommand.class, ImportCommand.class, ListCommand.class})
public final class BaseCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a subcommand of base is missing");
    }
}
