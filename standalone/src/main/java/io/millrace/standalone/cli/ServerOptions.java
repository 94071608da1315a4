package io.millrace.standalone.cli;

import io.millrace.standalone.client.ServerClient;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which running system a command talks to. */
public final class ServerOptions {
    @Option(
            names = "--server",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:8080",
            description = "The running system; also MILLRACE_SERVER. Default: ${DEFAULT-VALUE}")
    private String server;

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "The token it asks for, where it does; also MILLRACE_TOKEN.")
    private Optional<String> token;

    public ServerClient client() {
        return new ServerClient(server, token);
    }
}
