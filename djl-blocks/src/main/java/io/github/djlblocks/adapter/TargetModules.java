package io.github.djlblocks.adapter;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which modules are adapted, by the rules of PEFT 0.15 ({@code check_target_module_exists}): names
 * match the end of a module's, a regular expression all of it.
 *
 * @param names ends of names, empty if there is a pattern
 * @param pattern a regular expression, or null
 * @param excluded ends of names that are none
 * @param excludedPattern a regular expression of names that are none, or null
 * @param layers indices of layers, empty for all
 * @param layersPattern what such an index follows, empty for anything
 */
record TargetModules(
        List<String> names,
        @Nullable String pattern,
        List<String> excluded,
        @Nullable String excludedPattern,
        List<Integer> layers,
        List<String> layersPattern) {

    /** All linear maps but the head. */
    static final String ALL_LINEAR = "all-linear";

    private static final Pattern ANY_LAYER = Pattern.compile(".*\\.[^.]*\\.(\\d+)\\..*");

    TargetModules {
        if (names.isEmpty() && pattern == null) {
            throw new IllegalArgumentException(
                    "no linear map would be adapted: call setTargets, setTargetPattern or"
                            + " setAllLinear");
        }
        if (!layers.isEmpty() && pattern != null) {
            throw new IllegalArgumentException(
                    "layers "
                            + layers
                            + " cannot be chosen besides the pattern '"
                            + pattern
                            + "': say them in the pattern, or name targets");
        }
        if (pattern != null) {
            LoraConfig.pattern(pattern, pattern);
        }
        if (excludedPattern != null) {
            LoraConfig.pattern(excludedPattern, excludedPattern);
        }
        layersPattern.forEach(name -> LoraConfig.pattern(name, name));
    }

    /** Whether a linear map of this name is adapted. */
    boolean matches(String module, boolean isHead) {
        if (isExcluded(module)) {
            return false;
        }
        if (pattern != null) {
            return pattern.equals(ALL_LINEAR) ? !isHead : Pattern.matches(pattern, module);
        }
        return names.contains(module) || (ends(module, names) && isOfLayer(module));
    }

    private boolean isExcluded(String module) {
        if (excludedPattern != null) {
            return Pattern.matches(excludedPattern, module);
        }
        return excluded.contains(module) || ends(module, excluded);
    }

    private static boolean ends(String module, List<String> names) {
        return names.stream().anyMatch(name -> module.endsWith("." + name));
    }

    private boolean isOfLayer(String module) {
        if (layers.isEmpty()) {
            return true;
        }
        if (layersPattern.isEmpty()) {
            return isIn(ANY_LAYER.matcher(module));
        }
        for (String name : layersPattern) {
            Matcher matcher = Pattern.compile(".*\\." + name + "\\.(\\d+)\\..*").matcher(module);
            if (matcher.matches()) {
                return isIn(matcher);
            }
        }
        return false;
    }

    private boolean isIn(Matcher matcher) {
        return matcher.matches() && layers.contains(Integer.valueOf(matcher.group(1)));
    }

    /** Collects what is a target. */
    static final class Builder {

        private List<String> names = List.of();
        private @Nullable String pattern;
        private List<String> excluded = List.of();
        private @Nullable String excludedPattern;
        private List<Integer> layers = List.of();
        private List<String> layersPattern = List.of();

        void names(List<String> ends) {
            names = ends;
            pattern = null;
        }

        void pattern(String regex) {
            pattern = regex;
            names = List.of();
        }

        void excluded(List<String> ends) {
            excluded = ends;
            excludedPattern = null;
        }

        void excludedPattern(String regex) {
            excludedPattern = regex;
            excluded = List.of();
        }

        void layers(List<Integer> indices) {
            layers = indices;
        }

        void layersPattern(List<String> regexes) {
            layersPattern = regexes;
        }

        TargetModules build() {
            return new TargetModules(
                    names, pattern, excluded, excludedPattern, layers, layersPattern);
        }
    }
}
