package io.millrace.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RegistrySnapshot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.Size;

@Tag("property")
class RegistryStatePropertiesTest {
    private static final List<String> CONTENTS = List.of("1", "2", "3", "4", "5", "6");
    private static final List<String> ADAPTERS = List.of("acme/a", "acme/b");
    private static final List<String> ALIASES = List.of("champion", "canary", "latest");

    @Property(tries = 300, seed = "20260101")
    void theSameRecordsGiveTheSameState(@ForAll("records") List<RegistryRecord> records) {
        assertThat(snapshot(fold(records))).isEqualTo(snapshot(fold(records)));
    }

    @Property(tries = 300, seed = "20260101")
    void resendingAnyPrefixChangesNothing(@ForAll("records") List<RegistryRecord> records) {
        // Given the fold of the records
        RegistryState once = fold(records);

        // When every record comes again
        RegistryState twice = once;
        for (RegistryRecord record : records) {
            RegistryState.Step step = twice.step(twice.offset() + 1, Fold.timeOf(twice.offset() + 1), record);
            assertThat(step.changed()).isFalse();
            assertThat(step.outcome())
                    .isEqualTo(once.outcome(record.getCommandId()).orElseThrow());
            twice = step.state();
        }

        // Then only the clock went on
        assertThat(content(twice)).isEqualTo(content(once));
    }

    @Property(tries = 300, seed = "20260101")
    void aSnapshotInTheMiddleEqualsReplay(@ForAll("records") List<RegistryRecord> records) {
        RegistryState replayed = RegistryState.empty();
        RegistryState restored = RegistryState.empty();
        for (int i = 0; i < records.size(); i++) {
            replayed = replayed.apply(i, Fold.timeOf(i), records.get(i));
            restored = SnapshotCodec.read(snapshot(restored)).apply(i, Fold.timeOf(i), records.get(i));
        }

        assertThat(snapshot(restored)).isEqualTo(snapshot(replayed));
    }

    @Property(tries = 300, seed = "20260101")
    void theInvariantsHoldAfterEveryRecord(@ForAll("records") List<RegistryRecord> records) {
        RegistryState state = RegistryState.empty();
        for (int i = 0; i < records.size(); i++) {
            RegistryState before = state;
            RegistryState.Step step = state.step(i, Fold.timeOf(i), records.get(i));
            state = step.state();
            assertInvariants(state);
            if (step.outcome().error().isPresent()) {
                assertThat(content(state)).isEqualTo(content(before));
            }
        }
    }

    @Property(tries = 300, seed = "20260101")
    void anAliasMovesOnlyFromWhatItsMoverExpected(@ForAll("records") List<RegistryRecord> records) {
        RegistryState state = RegistryState.empty();
        for (int i = 0; i < records.size(); i++) {
            RegistryState before = state;
            state = before.apply(i, Fold.timeOf(i), records.get(i));
            RegistryRecord record = records.get(i);
            if (!record.hasMoveAlias()) {
                continue;
            }
            AdapterName name = AdapterName.parse(record.getMoveAlias().getAdapter());
            String alias = record.getMoveAlias().getAlias();
            String was = alias(before, name, alias);
            String is = alias(state, name, alias);
            if (!was.equals(is)) {
                assertThat(was).isEqualTo(record.getMoveAlias().getExpectedVersionId());
                assertThat(is).isEqualTo(record.getMoveAlias().getTargetVersionId());
            }
        }
    }

    @Property(tries = 300, seed = "20260101")
    void thePastAnswersAsThePresentDidThen(@ForAll("records") List<RegistryRecord> records) {
        List<List<AdapterEntry>> then = new ArrayList<>();
        RegistryState state = RegistryState.empty();
        for (int i = 0; i < records.size(); i++) {
            state = state.apply(i, Fold.timeOf(i), records.get(i));
            then.add(List.copyOf(state.adapters()));
        }

        for (int i = 0; i < records.size(); i++) {
            assertThat(state.at(i).adapters()).isEqualTo(then.get(i));
            assertThat(state.at(Fold.timeOf(i)).adapters()).isEqualTo(then.get(i));
        }
    }

    @Property(tries = 300, seed = "20260101")
    void noBytesStopTheFold(@ForAll @Size(max = 20) List<@Size(max = 40) byte[]> values) {
        RegistryState state = RegistryState.empty();
        for (int i = 0; i < values.size(); i++) {
            RegistryState.Step step = state.step(i, Fold.timeOf(i), values.get(i));
            assertThat(step.outcome()).isNotNull();
            state = step.state();
        }

        assertThat(state.offset() == values.size() - 1 || state.stoppedAt().isPresent())
                .isTrue();
    }

    private static void assertInvariants(RegistryState state) {
        Set<VersionId> ids = new HashSet<>();
        for (AdapterEntry adapter : state.adapters()) {
            for (int i = 0; i < adapter.versions().size(); i++) {
                VersionEntry version = adapter.versions().get(i);
                assertThat(version.ordinal()).isEqualTo(i + 1);
                assertThat(ids.add(version.id())).isTrue();
                assertThat(state.version(adapter.name(), version.id())).contains(version);
            }
            adapter.aliases().forEach((alias, id) -> {
                assertThat(alias).isNotIn("latest", "main");
                assertThat(state.version(adapter.name(), id).orElseThrow().retired())
                        .isFalse();
            });
        }
        for (RecipeEntry recipe : state.recipes()) {
            recipe.parts().forEach(part -> assertThat(
                            state.resolve(part.adapter(), part.revision()).retired())
                    .isFalse());
        }
    }

    private static String alias(RegistryState state, AdapterName name, String alias) {
        return state.adapter(name)
                .flatMap(a -> Optional.ofNullable(a.aliases().get(alias)))
                .map(VersionId::hex)
                .orElse("");
    }

    private static RegistryState fold(List<RegistryRecord> records) {
        RegistryState state = RegistryState.empty();
        for (int i = 0; i < records.size(); i++) {
            state = state.apply(i, Fold.timeOf(i), records.get(i));
        }
        return state;
    }

    private static RegistrySnapshot snapshot(RegistryState state) {
        return SnapshotCodec.write(state);
    }

    /** The state without its clock and its memory of commands. */
    private static RegistrySnapshot content(RegistryState state) {
        return snapshot(state).toBuilder()
                .clearOffset()
                .clearTimeMs()
                .clearCommands()
                .build();
    }

    @Provide
    Arbitrary<List<RegistryRecord>> records() {
        return command().list().ofMaxSize(40).map(commands -> {
            List<RegistryRecord> records = new ArrayList<>();
            for (int i = 0; i < commands.size(); i++) {
                records.add(commands.get(i).toBuilder().setCommandId("c" + i).build());
            }
            return records;
        });
    }

    private static Arbitrary<RegistryRecord> command() {
        Arbitrary<String> adapter = Arbitraries.of(ADAPTERS);
        Arbitrary<String> content = Arbitraries.of(CONTENTS);
        Arbitrary<String> alias = Arbitraries.of(ALIASES);
        Arbitrary<String> expected = Arbitraries.frequencyOf(
                Tuple.of(1, Arbitraries.just("")),
                Tuple.of(4, Combinators.combine(adapter, content).as(RegistryStatePropertiesTest::hex)));
        return Arbitraries.frequencyOf(
                Tuple.of(
                        5,
                        Combinators.combine(adapter, content, expected)
                                .as((a, c, e) -> Commands.promote("", Commands.version(a, a + c), e))),
                Tuple.of(
                        3,
                        Combinators.combine(adapter, content)
                                .as((a, c) -> Commands.publish("", Commands.version(a, a + c)))),
                Tuple.of(
                        1,
                        Combinators.combine(adapter, content)
                                .as((a, c) -> Commands.publish(
                                        "",
                                        Commands.version(a, a + c)
                                                .setBaseId(Digest.of("other").hex())))),
                Tuple.of(
                        5,
                        Combinators.combine(adapter, alias, content, expected)
                                .as((a, l, c, e) -> Commands.move("", a, l, hex(a, c), e))),
                Tuple.of(
                        2,
                        Combinators.combine(adapter, alias, content)
                                .as((a, l, c) -> Commands.delete("", a, l, hex(a, c)))),
                Tuple.of(3, Combinators.combine(adapter, content).as((a, c) -> Commands.retire("", a, hex(a, c)))),
                Tuple.of(3, Combinators.combine(adapter, expected).as((a, e) -> Commands.rollback("", a, e))),
                Tuple.of(
                        1,
                        Combinators.combine(adapter, Arbitraries.of(true, false))
                                .as((a, h) -> Commands.hold("", a, h))),
                Tuple.of(
                        1,
                        Combinators.combine(adapter, Arbitraries.of(true, false))
                                .as((a, p) -> Commands.pause("", a, p))),
                Tuple.of(
                        2,
                        Combinators.combine(adapter, Arbitraries.of("16", "32", ""))
                                .as((a, v) -> Commands.settings("", a, Map.of("round.max-examples", v)))),
                Tuple.of(
                        2,
                        Combinators.combine(adapter, Arbitraries.of("v1", "v2", "canary", "", "latest"))
                                .as((a, r) -> Commands.recipe("", "acme/mix", Commands.part(a, r, 0.5)))),
                Tuple.of(1, Arbitraries.of("x", "y").map(name -> Commands.registerBase("", name))));
    }

    private static String hex(String adapter, String content) {
        return Commands.id(adapter + content).hex();
    }
}
