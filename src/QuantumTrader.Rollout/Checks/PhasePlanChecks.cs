using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Checks;

/// <summary>What can be wrong with the phases of a pipeline, as far as its blocks and symbols tell.</summary>
internal static class PhasePlanChecks
{
    /// <summary>Everything that is wrong, with its place in the section. Blocks that are not there are reported where they are looked up.</summary>
    public static IEnumerable<ConfigurationException> Check(IReadOnlyList<Phase> phases, BlockFactory factory)
    {
        for (var i = 0; i < phases.Count; i++)
        {
            var (phase, place) = (phases[i], $"phases[{i}]");
            if (factory.Plan.Blocks.FirstOrDefault(b => b.Name == phase.Options.Candidate.Block) is { } candidate)
            {
                if (candidate.Inputs.Count == 0)
                {
                    yield return new ConfigurationException($"{place}.candidate.block", $"the candidate '{candidate.Name}' reads from nothing, so it has no operations. Name a block that reads what the baseline reads.");
                }

                if (phase.Options.Serve.Race == ServeRace.Sequential && phase.Options.Shadow.Queue < factory.Plan.Engine.Batch)
                {
                    yield return new ConfigurationException($"{place}.shadow.queue", $"with `race: sequential` a whole batch of operations waits until the baseline has answered it; the queue of {phase.Options.Shadow.Queue} is shorter than engine.batch, {factory.Plan.Engine.Batch}. Make it at least as long.");
                }

                foreach (var (name, gate) in phase.Options.Gates)
                {
                    if (gate.Field is { } watched && factory.Format(candidate.Type.Output) is { } format && !format.Fields.Contains(watched))
                    {
                        yield return new ConfigurationException($"{place}.gates.{name}.field", $"'{candidate.Name}' sends {candidate.Type.Output.Name}, which has no field '{watched}'. Fields: {string.Join(", ", format.Fields)}.");
                    }
                }

                var field = phase.Options.Route.Unit switch { RouteUnit.Strategy => "model", RouteUnit.Account => "account", _ => null };
                if (field is not null && factory.Format(candidate.Type.Output)?.Fields.Contains(field) != true)
                {
                    yield return new ConfigurationException($"{place}.route.unit", $"'{candidate.Name}' sends {candidate.Type.Output.Name}, which has no field '{field}' to choose by. Use unit: operation or symbol.");
                }
            }

            if (phase.Options.Route.Unit == RouteUnit.Symbol && factory.Section<MarketContext>() is { } market)
            {
                var symbols = market.Instruments.Select(s => s.Symbol).ToList();
                for (var step = 1; step < phase.Options.Steps.Count; step++)
                {
                    var (before, now) = (phase.Options.Steps[step - 1].Serve ?? Share.None, phase.Options.Steps[step].Serve ?? Share.None);
                    if (phase.Keys(symbols, now).Count == phase.Keys(symbols, before).Count)
                    {
                        yield return new ConfigurationException(
                            $"{place}.steps[{step}].serve",
                            $"with {symbols.Count} symbols, {now} serves the same ones as {before}: {Named(phase.Keys(symbols, now))}. Choose another share or salt; `qt rollout plan` shows them.");
                    }
                }
            }
        }
    }

    private static string Named(IReadOnlyList<string> symbols) => symbols.Count == 0 ? "none" : string.Join(", ", symbols);
}
