package io.github.djlblocks.parity.contract;

import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What a block promises besides its numbers, one promise each.
 *
 * <p>Cheap checks are for every case, the others ({@link #isForEveryCase}) for one case of a block.
 */
@SuppressWarnings("ImmutableEnumChecker") // the functions it holds are method references, stateless
public enum ContractCheck {
    /** {@code toString}, {@code Blocks.describe} and {@code describeInput} tell what it is. */
    DESCRIPTION(true, s -> true, ShapeChecks::description),
    /** {@code getOutputShapes} equals the output, also with -1 for the free axes. */
    OUTPUT_SHAPES(true, s -> true, ShapeChecks::outputShapes),
    /**
     * Parameters have the dtype asked for, outputs that of the inputs: FLOAT32, FLOAT64, and
     * FLOAT16 where the block does not refuse it by an {@link IllegalArgumentException}.
     */
    DATA_TYPES(true, s -> true, TypeChecks::dataTypes),
    /** A dtype without arithmetic is refused before anything is allocated. */
    OTHER_TYPES(false, s -> true, TypeChecks::otherTypes),
    /** Inputs of a wrong number, rank, last axis or dtype are refused by name and by both sizes. */
    WRONG_INPUTS(true, s -> true, InputChecks::wrongInputs),
    /** The same inputs give the same bits, and stay as they are; nothing random in inference. */
    REPEATABLE(true, s -> true, RepeatChecks::repeatable),
    /** What is random in training differs between passes and is right in expectation. */
    RANDOMNESS(
            true,
            s -> s.parityCase().isRandomInTraining() && s.engine().trains(),
            RepeatChecks::randomness),
    /** A forward pass leaves its output open and nothing else, also if it throws. */
    NATIVE_MEMORY(true, s -> true, MemoryChecks::nativeMemory),
    /** Works with a parameter store that copies, and leaves its copies open. */
    COPYING_STORE(false, Subject::hasParameters, MemoryChecks::copyingStore),
    /** What one engine saves the others load: the same bits, the same numbers. */
    PERSISTENCE(false, s -> true, PersistenceChecks::persistence),
    /** What does not fit is not loaded, and the block stays as it was. */
    WRONG_FILES(false, Subject::hasParameters, PersistenceChecks::wrongFiles),
    /** Works inside DJL's sequential and parallel blocks, before and after blocks of DJL. */
    COMPOSITION(false, s -> !s.parityCase().hasParams(), CompanyChecks::composition),
    /** Takes the dtype of a DJL model, {@code model.setDataType}. */
    MODEL_DATA_TYPE(
            false,
            s -> !s.parityCase().hasParams() && s.engine().trains(),
            CompanyChecks::modelDataType),
    /** A DJL trainer makes the loss fall. */
    TRAINER(
            false,
            s -> !s.parityCase().hasParams() && s.engine().trains() && s.hasParameters(),
            TrainingChecks::trainer),
    /** Frozen parameters get no gradient, the others do. */
    FROZEN_PARAMETERS(
            false, s -> s.engine().trains() && s.hasParameters(), TrainingChecks::frozenParameters),
    /** Several threads at a time each get their own result, and leave nothing behind. */
    THREADS(false, s -> !s.parityCase().hasParams(), ServingChecks::threads),
    /**
     * Compiled for engine PyTorch, it gives what it gives block by block, at the size at which it
     * was recorded and at others: no size of the recorded inputs became a number. A block that
     * cannot be recorded runs as it is. Other engines compile nothing.
     */
    COMPILED(true, CompiledChecks::compiles, CompiledChecks::compiled);

    private final boolean everyCase;
    private final Predicate<Subject> applies;
    private final Body body;

    ContractCheck(boolean everyCase, Predicate<Subject> applies, Body body) {
        this.everyCase = everyCase;
        this.applies = applies;
        this.body = body;
    }

    /**
     * Says whether the check is cheap enough for every case of a block.
     *
     * @return false if one case a block is enough
     */
    public boolean isForEveryCase() {
        return everyCase;
    }

    /**
     * Says whether the check is meant for a case on an engine; training, for one, is not for an
     * engine that only infers.
     *
     * @param parityCase the case
     * @param engine where
     * @return whether {@link #verify} makes sense
     */
    public boolean appliesTo(ParityCase parityCase, EngineUnderTest engine) {
        return applies.test(new Subject(parityCase, engine, List.of(engine)));
    }

    /**
     * Checks a block.
     *
     * @param parityCase the block and its inputs
     * @param engine where
     * @param engines the engines that load what this one saved
     * @throws AssertionError if the block breaks the promise, or throws where it must not
     */
    public void verify(
            ParityCase parityCase, EngineUnderTest engine, List<EngineUnderTest> engines) {
        try {
            body.verify(new Subject(parityCase, engine, engines));
        } catch (AssertionError | Exception e) {
            throw new AssertionError(
                    "%s: %s on %s: %s".formatted(this, parityCase, engine, e.getMessage()), e);
        }
    }

    /**
     * Runs every check that applies, and collects what a block breaks.
     *
     * @param parityCase the block and its inputs
     * @param engine where
     * @param engines the engines that load what this one saved
     * @return the broken promises, empty if there are none
     */
    public static Map<ContractCheck, AssertionError> violations(
            ParityCase parityCase, EngineUnderTest engine, List<EngineUnderTest> engines) {
        Map<ContractCheck, AssertionError> broken = new EnumMap<>(ContractCheck.class);
        for (ContractCheck check : values()) {
            if (check.appliesTo(parityCase, engine)) {
                try {
                    check.verify(parityCase, engine, engines);
                } catch (AssertionError e) {
                    broken.put(check, e);
                }
            }
        }
        return broken;
    }

    @FunctionalInterface
    private interface Body {
        void verify(Subject subject) throws Exception;
    }
}
