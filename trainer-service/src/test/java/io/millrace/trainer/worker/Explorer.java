package io.millrace.trainer.worker;

import io.millrace.trainer.worker.World.Action;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Goes through every state that a world can come to, each once, and fails with the way that led to a wrong one. */
final class Explorer {
    private final Set<String> seen = new HashSet<>();
    private final Deque<String> way = new ArrayDeque<>();
    private long ends;

    void explore(World world) {
        if (!seen.add(world.key())) {
            return;
        }
        Laws.always(world);
        List<Action> steps = world.steps();
        if (steps.isEmpty()) {
            Laws.atTheEnd(world);
            ends++;
        }
        Stream.concat(steps.stream(), world.misfortunes().stream()).forEach(action -> {
            way.addLast(action.name());
            try {
                explore(world.after(action));
            } catch (WrongWay e) {
                throw e;
            } catch (AssertionError | RuntimeException e) {
                throw new WrongWay(e.getMessage() + "\n  after: " + String.join("\n         ", way), e);
            }
            way.removeLast();
        });
    }

    /** What was found, with how it came to it. */
    static final class WrongWay extends AssertionError {
        private static final long serialVersionUID = 1L;

        WrongWay(String message, Throwable cause) {
            super(message, cause);
        }
    }

    long states() {
        return seen.size();
    }

    long ends() {
        return ends;
    }
}
