package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which class of the reference a configuration names: with which head. */
final class Architectures {

    private Architectures() {}

    /**
     * The first of {@code architectures}, or the empty string if there are none; it must be one of
     * some kinds.
     *
     * @param endings of the names that can be built, such as {@code ForCausalLM}
     */
    static String of(ConfigReader json, String... endings) {
        if (!json.has("architectures")) {
            return "";
        }
        List<String> names = json.texts("architectures");
        if (names.isEmpty()) {
            return "";
        }
        String name = names.get(0);
        for (String ending : endings) {
            if (name.endsWith(ending)) {
                return name;
            }
        }
        throw json.unknown("architectures", name, endingsOf(endings));
    }

    /**
     * What follows the name of a family in the first of {@code architectures}, such as {@code
     * ForMaskedLM}; {@code Model} if there are none.
     *
     * @param family such as {@code Bert}
     * @param heads those that can be built
     */
    static String headOf(ConfigReader json, String family, Set<String> heads) {
        List<String> names =
                json.has("architectures") ? json.texts("architectures") : List.of(family + "Model");
        String name = names.isEmpty() ? family + "Model" : names.get(0);
        String head = name.startsWith(family) ? name.substring(family.length()) : "";
        if (!heads.contains(head)) {
            Set<String> known = new TreeSet<>();
            heads.forEach(each -> known.add(family + each));
            throw json.unknown("architectures", name, known);
        }
        return head;
    }

    private static Set<String> endingsOf(String... endings) {
        Set<String> known = new TreeSet<>();
        for (String ending : endings) {
            known.add("*" + ending);
        }
        return known;
    }
}
