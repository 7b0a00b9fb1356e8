package io.github.djlblocks.samples.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.OptionalLong;

/** Results as JSON. */
public final class BenchJson {

    private BenchJson() {}

    /**
     * Writes everything that is known of a run.
     *
     * @param machine where it ran
     * @param settings what was asked for
     * @param results what was measured
     * @param peakResident the most memory the process has had, bytes, if known
     * @return the text, ending with a line end
     */
    public static String of(
            Machine machine, Settings settings, List<Result> results, OptionalLong peakResident) {
        JsonObject json = new JsonObject();
        json.add("machine", machine(machine));
        json.addProperty("rounds", settings.rounds());
        json.addProperty("turnSeconds", settings.turnSeconds());
        peakResident.ifPresent(bytes -> json.addProperty("peakResidentBytes", bytes));
        JsonArray array = new JsonArray();
        results.forEach(result -> array.add(result(result)));
        json.add("results", array);
        return new GsonBuilder().setPrettyPrinting().create().toJson(json) + "\n";
    }

    private static JsonObject machine(Machine machine) {
        JsonObject json = new JsonObject();
        json.addProperty("processor", machine.processor());
        json.addProperty("cores", machine.cores());
        json.addProperty("java", machine.java());
        json.addProperty("load", machine.load());
        JsonArray engines = new JsonArray();
        for (Machine.EngineFacts facts : machine.engines()) {
            JsonObject engine = new JsonObject();
            engine.addProperty("name", facts.name());
            engine.addProperty("version", facts.version());
            engine.addProperty("threads", facts.threads());
            engines.add(engine);
        }
        json.add("engines", engines);
        return json;
    }

    private static JsonObject result(Result result) {
        JsonObject json = new JsonObject();
        json.addProperty("workload", result.workload().label());
        json.addProperty("title", result.workload().title());
        json.addProperty("engine", result.engine());
        json.addProperty("mode", result.mode().label());
        json.addProperty("contender", result.contender().label());
        json.addProperty("format", result.format().label());
        json.addProperty("tokensPerStep", result.workload().tokens(result.mode()));
        json.addProperty("tokensPerSecond", result.tokensPerSecond());
        json.addProperty("medianSeconds", result.medianSeconds());
        json.addProperty("spread", result.spread());
        JsonArray seconds = new JsonArray();
        result.seconds().forEach(seconds::add);
        json.add("seconds", seconds);
        JsonObject ratios = new JsonObject();
        result.timeOver().forEach((kind, ratio) -> ratios.addProperty(kind.label(), ratio));
        json.add("timeOver", ratios);
        if (result.difference() != null) {
            json.addProperty("difference", result.difference());
        }
        if (result.residentGrowth() != null) {
            json.addProperty("residentGrowthBytes", result.residentGrowth());
        }
        return json;
    }
}
