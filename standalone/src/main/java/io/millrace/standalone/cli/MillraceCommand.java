package io.millrace.standalone.cli;

import io.millrace.standalone.cli.adapters.AdaptersCommand;
import io.millrace.standalone.cli.base.BaseCommand;
import io.millrace.standalone.cli.dlq.DlqCommand;
import io.millrace.standalone.cli.offline.EvalCommand;
import io.millrace.standalone.cli.offline.GenerateCommand;
import io.millrace.standalone.cli.offline.MergeCommand;
import io.millrace.standalone.cli.offline.TrainCommand;
import io.millrace.standalone.cli.proof.ForgetCommand;
import io.millrace.standalone.cli.proof.RebuildCommand;
import io.millrace.standalone.cli.proof.VerifyCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "millrace",
        description = "Continual fine-tuning: examples stream in, versioned adapters come out, a router serves them.",
        mixinStandardHelpOptions = true,
        version = "millrace 0.1.0",
        subcommands = {
            HelpCommand.class,
            DemoCommand.class,
            UpCommand.class,
            PushCommand.class,
            AskCommand.class,
            ChatCommand.class,
            GenerateCommand.class,
            MergeCommand.class,
            TrainCommand.class,
            EvalCommand.class,
            AdaptersCommand.class,
            DlqCommand.class,
            VerifyCommand.class,
            RebuildCommand.class,
            ForgetCommand.class,
            BaseCommand.class,
            SelfcheckCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
        })
final class MillraceCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
