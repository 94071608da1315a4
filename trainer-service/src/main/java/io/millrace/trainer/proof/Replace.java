package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.HeadReplaced;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.VersionCut;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.Waits;
import io.millrace.trainer.proof.RebuildJob.RebuiltVersion;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.publish.CutVersion;
import java.time.Duration;
import java.util.TreeSet;

/**
 * Lets a rebuilt line catch up with the live one and takes its place: at first beside it; for the last rounds the worker
 * plans no further ones, so that the line arrives. If the live head moves all the same, it goes on catching up.
 */
record Replace(ProofContext context, RebuildJob job, CutVersion cutVersion) {
    private static final Duration HOLD = Duration.ofSeconds(30);

    /** So few rounds behind, the worker waits for the rest. */
    private static final int NEARLY = 3;

    RebuiltVersion run(RebuiltLine line, Job.Watch watch) {
        while (true) {
            History history = job.history();
            int behind = history.rounds().size() - line.recordedRounds();
            if (behind <= NEARLY) {
                hold();
                history = job.history();
            }
            job.catchUp(line, history, history.rounds().size(), watch);
            if (behind <= NEARLY && history.now().pending().isEmpty()) {
                VersionCut cut = job.cut(line, cutVersion);
                if (replaced(line, history.now().head(), cut)) {
                    return new RebuiltVersion(new VersionId(cut.getVersionId()), line, true);
                }
            }
            Waits.pause(watch);
        }
    }

    private void hold() {
        AdapterName adapter = job.adapter();
        if (!Waits.answer(context.worker().hold(adapter, HOLD))) {
            throw context.movedAway(adapter);
        }
    }

    /** @param live the head that the line has caught up with */
    private boolean replaced(RebuiltLine line, Head live, VersionCut cut) {
        if (!line.recipe().getWithoutList().containsAll(live.forgottenIds())) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, "examples were forgotten while it was rebuilt; ask for it again");
        }
        TreeSet<String> excluded = new TreeSet<>(live.state().getExcludedIdsList());
        excluded.addAll(line.recipe().getWithoutList());
        HeadState head = line.fold().head().state().toBuilder()
                .setSourcePartition(live.state().getSourcePartition())
                .setThrough(live.through())
                .clearExcludedIds()
                .addAllExcludedIds(excluded)
                .clearForgottenIds()
                .addAllForgottenIds(live.forgottenIds())
                .build();
        HeadReplaced event = HeadReplaced.newBuilder()
                .setHead(head)
                .setStateBlobSha256(line.storeState().hex())
                .setReason("rebuilt as " + cut.getVersionId())
                .setOldHeadSha256(live.digest().hex())
                .build();
        VersionCut ofHead =
                cut.toBuilder().setHeadSha256(new Head(head).digest().hex()).build();
        context.rebuilds().keep(new VersionId(cut.getVersionId()), job.finished(line));
        return Waits.answer(context.worker().replace(job.adapter(), event, ofHead));
    }
}
