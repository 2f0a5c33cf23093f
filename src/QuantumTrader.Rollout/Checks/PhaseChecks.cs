using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Checks;

/// <summary>What can be wrong with the phases of a pipeline, as far as their options tell. All of it is found at once.</summary>
internal sealed class PhaseChecks(IReadOnlyList<PhaseOptions> phases, DateOnly today)
{
    private readonly List<ConfigurationException> _found = [];
    private readonly List<string> _names = [.. phases.Select(p => p.Name)];

    /// <summary>Everything that is wrong, with its place in the section.</summary>
    public IReadOnlyList<ConfigurationException> Check()
    {
        for (var i = 0; i < phases.Count; i++)
        {
            var (phase, place) = (phases[i], $"phases[{i}]");
            if (_names.IndexOf(phase.Name) < i)
            {
                Find($"{place}.name", $"two phases are named '{phase.Name}'. Give each a name of its own.");
            }

            Requires(phase, i, place);
            Blocks(phase, place);
            Steps(phase, place);
            Gates(phase, place);
            Serving(phase, $"{place}.serve");
            Ignores(phase, place);
            if (phase.Breaker is { } breaker && breaker.FailureRatio == Share.None)
            {
                Find($"{place}.breaker.failure_ratio", "with 0% the first failure would open the breaker. Choose a greater ratio, such as 5%.");
            }
        }

        return _found;
    }

    private void Requires(PhaseOptions phase, int index, string place)
    {
        for (var r = 0; r < phase.Requires.Count; r++)
        {
            var (name, at) = (phase.Requires[r], $"{place}.requires[{r}]");
            var required = phases.FirstOrDefault(p => p.Name == name);
            if (required is null)
            {
                var others = _names.Where(n => n != phase.Name).ToList();
                Find(at, $"no phase is named '{name}'. {(others.Count > 0 ? $"Phases: {string.Join(", ", others)}." : "There is no other phase.")}");
            }
            else if (Reaches(required, phase.Name, []))
            {
                Find(at, $"'{phase.Name}' requires '{name}', which requires '{phase.Name}'. Break the circle.");
            }
            else if (required.RollbackLevel < phase.RollbackLevel)
            {
                Find($"{place}.rollback_level", $"a rollback to level {required.RollbackLevel} takes '{name}' out and leaves '{phase.Name}', which requires it. Give '{phase.Name}' a level of at most {required.RollbackLevel}.");
            }
            else if (phase.At != "off" && phase.Steps.Count == 0 && (required.At != "complete" || required.Steps.Count > 0))
            {
                Find($"{place}.at", $"'{phase.Name}' stands at {phase.At}, but '{name}', which it requires, is not complete from the start.");
            }
        }

        bool Reaches(PhaseOptions from, string target, HashSet<string> seen) =>
            from.Name == target || (seen.Add(from.Name) && from.Requires.Any(n => phases.FirstOrDefault(p => p.Name == n) is { } next && Reaches(next, target, seen)));
    }

    private void Blocks(PhaseOptions phase, string place)
    {
        if (phase.Kind == PhaseKind.Value && phase.Baseline is null)
        {
            Find(place, $"the phase '{phase.Name}' replaces an answer and names no baseline. Add baseline: {{ block: ... }}, or kind: effect.");
        }
        else if (phase.Kind == PhaseKind.Effect && phase.Baseline is not null)
        {
            Find($"{place}.baseline", $"the phase '{phase.Name}' adds an effect; its baseline is not to have it. Remove baseline, or kind: effect.");
        }

        if (phase.Kind == PhaseKind.Effect && phase.Shadow.Isolation == Isolation.Process)
        {
            Find($"{place}.shadow.isolation", $"the phase '{phase.Name}' adds an effect, whose shadow is a round trip without any code of its own. Remove isolation, or make the phase one of kind value.");
        }

        if (phase.Shadow.CpuShare == Share.None)
        {
            Find($"{place}.shadow.cpu_share", $"the candidate of the phase '{phase.Name}' may use nothing of the processors, and would rest for ever. Give it a share such as 10%, or remove cpu_share.");
        }

        if (phase.Shadow is { Overload: ShadowOverload.Wait, MaxOperationsPerSecond: not null })
        {
            Find($"{place}.shadow.max_operations_per_second", $"the main path waits for the candidate of the phase '{phase.Name}', so a limit would be the main path's. Remove it, or overload: wait.");
        }

        if (phase.Kind == PhaseKind.Effect && phase.Compare.AaSample > Share.None)
        {
            Find($"{place}.compare.aa_sample", $"the phase '{phase.Name}' adds an effect; it has no baseline that could be asked again. Remove aa_sample.");
        }
    }

    private void Steps(PhaseOptions phase, string place)
    {
        if (phase.Steps.Count > 0 && phase.At != "off")
        {
            Find($"{place}.at", "a phase with steps goes through them; `at` is for those without. Remove one of the two.");
        }

        var share = Share.None;
        for (var i = 0; i < phase.Steps.Count; i++)
        {
            var (step, at) = (phase.Steps[i], $"{place}.steps[{i}]");
            if ((step.Shadow is null) == (step.Serve is null))
            {
                Find(at, $"a step either runs in the shadow or serves a share; this one says {(step.Shadow is null ? "neither" : "both")}. Write shadow: {{}} or serve: 10%.");
            }
            else if (i == 0 && step.Shadow is null)
            {
                Find(at, "the first step must be the shadow: nothing serves that was never compared. Put shadow: {} before it.");
            }
            else if (i > 0 && (step.Serve ?? Share.None) <= share)
            {
                Find(step.Serve is null ? at : $"{at}.serve", $"the share {step.Serve ?? Share.None} is not greater than the {share} of the step before. Shares must rise.");
            }

            share = step.Serve ?? share;
            for (var g = 0; g < step.Gates.Count; g++)
            {
                if (!phase.Gates.ContainsKey(step.Gates[g]))
                {
                    Find($"{at}.gates[{g}]", $"no gate is named '{step.Gates[g]}'. {(phase.Gates.Count > 0 ? $"Gates: {string.Join(", ", phase.Gates.Keys)}." : "The phase has no gates.")}");
                }
                else if (step.Gates.Take(g).Contains(step.Gates[g]))
                {
                    Find($"{at}.gates[{g}]", $"the gate '{step.Gates[g]}' is named twice. Remove one of the two.");
                }
            }
        }
    }

    private void Gates(PhaseOptions phase, string place)
    {
        foreach (var (name, gate) in phase.Gates)
        {
            var at = $"{place}.gates.{name}";
            switch (gate.Metric)
            {
                case GateMetric.Psi when gate.Field is null:
                    Find(at, $"the gate '{name}' names no field. Add field: with a field of the answers, such as score.");
                    break;
                case GateMetric.Psi when gate.Hold < gate.Warn:
                    Find($"{at}.hold", $"the gate '{name}' would hold at {gate.Hold.ToString(CultureInfo.InvariantCulture)} before it warns at {gate.Warn.ToString(CultureInfo.InvariantCulture)}. Let hold be the greater one.");
                    break;
                case GateMetric.SampleRatio when phase.Route.Unit != RouteUnit.Operation || phase.Route.Include.Count + phase.Route.Exclude.Count > 0:
                    Find(at, $"the gate '{name}' counts operations, whose share is only known with route.unit: operation and neither include nor exclude. Remove the gate.");
                    break;
                case GateMetric.MismatchRate or GateMetric.FallbackRate or GateMetric.ShareOverDeadline when gate.Max is not { } max || max == Share.None || max == Share.All:
                    Find(at, $"the gate '{name}' has no condition. Add max: between 0% and 100%, such as 1%.");
                    break;
                case var _ when gate.Over is not null and not "noise":
                    Find($"{at}.over", $"over is '{gate.Over}'. Legal: noise.");
                    break;
                case var _ when gate.Over is not null && (gate.Metric != GateMetric.MismatchRate || phase.Compare.AaSample == Share.None):
                    Find($"{at}.over", $"the gate '{name}' is over noise that nobody measures. Set metric: mismatch_rate and compare.aa_sample, or remove over.");
                    break;
            }
        }
    }

    private void Serving(PhaseOptions phase, string place)
    {
        var serve = phase.Serve;
        if (serve.Race == ServeRace.Sequential && phase.Kind == PhaseKind.Effect)
        {
            Find($"{place}.race", $"the phase '{phase.Name}' adds an effect; it has no baseline that could answer first. Remove race.");
        }
        else if (serve.Race == ServeRace.Sequential && (serve.Deadline is null || serve.Baseline is null || serve.Budget is null))
        {
            Find($"{place}.race", "with `sequential` an operation takes the times of baseline and candidate, so it must be known that there is time for both. State deadline, baseline and budget, or use race: warm.");
        }
        else if (serve.Race == ServeRace.Sequential && serve.Budget < serve.Deadline + serve.Baseline)
        {
            Find($"{place}.budget", $"the budget of {Of(serve.Budget)} is less than the deadline of {Of(serve.Deadline)} and the baseline's {Of(serve.Baseline)} together. Raise it, shorten the deadline, or use race: warm.");
        }
        else if (serve.Budget <= serve.Deadline)
        {
            Find($"{place}.deadline", $"the deadline of {Of(serve.Deadline)} leaves nothing of the budget of {Of(serve.Budget)}. Shorten it.");
        }

        static string Of(TimeSpan? time) => string.Create(CultureInfo.InvariantCulture, $"{time!.Value.TotalMilliseconds:0.###} ms");
    }

    private void Ignores(PhaseOptions phase, string place)
    {
        for (var i = 0; i < phase.Compare.Ignore.Count; i++)
        {
            var (ignore, at) = (phase.Compare.Ignore[i], $"{place}.compare.ignore[{i}].until");
            if (!DateOnly.TryParseExact(ignore.Until, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var until))
            {
                Find(at, $"until is '{ignore.Until}', which is no day. Write it as 2026-12-31.");
            }
            else if (until < today)
            {
                Find(at, $"differences of '{ignore.Path}' were to be ignored until {ignore.Until}. Remove the rule, or give it another day and a reason.");
            }
        }
    }

    private void Find(string option, string message) => _found.Add(new ConfigurationException(option, message));
}
