using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Lets events through while a switch is on; the others are dropped and counted as <c>switched_off</c>.</summary>
internal sealed class SwitchGate<T>(Func<bool> isOn) : Filter<T> where T : struct, IEvent<T>
{
    public override void Process(EditableRun<T> run)
    {
        if (isOn())
        {
            return;
        }

        foreach (ref var _ in run)
        {
            // Asked at each event: a run may be long, and a switch counts from the next event on.
            if (!isOn())
            {
                run.Drop("switched_off");
            }
        }
    }
}

/// <summary>Puts gates around the blocks that a switch can turn off while they run.</summary>
internal static class SwitchGates
{
    /// <summary>The parts with gates before what publishes and stores, and behind what consumes from the bus.</summary>
    public static IReadOnlyList<GraphPart> Around(IReadOnlyList<GraphPart> parts, PipelinePlan plan, Switches switches)
    {
        var result = new List<GraphPart>();
        // Who read from a block that only passes events on reads what that block reads, and who read from a consumer reads from its gate.
        var instead = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            var rerouted = part with { Inputs = [.. part.Inputs.Select(i => (i.Port, (IReadOnlyList<string>)[.. i.From.SelectMany(f => instead.GetValueOrDefault(f, [f])).Distinct()]))] };
            if (plan.Blocks.FirstOrDefault(b => b.Name == part.Name) is not { } block)
            {
                result.Add(rerouted);
            }
            else if (block.Phase is "zmq" or "valkey" && block.Type.Shape == BlockShape.Observer && rerouted.Inputs is [(var port, [_, ..] from)])
            {
                var phase = block.Phase;
                result.Add(Gate(block, from, () => switches.Now.WhatKeepsOff(phase) is null));
                result.Add(rerouted with { Inputs = [(port, [NameOf(block)])] });
                instead[block.Name] = from;
            }
            else if (block.Type.FromBus)
            {
                result.Add(rerouted);
                result.Add(Gate(block, [block.Name], () => switches.Now.ZmqConsume != false));
                instead[block.Name] = [NameOf(block)];
            }
            else
            {
                result.Add(rerouted);
            }
        }

        return result;
    }

    private static string NameOf(BlockPlan block) => $"switch/{block.Name}";

    private static GraphPart Gate(BlockPlan block, IReadOnlyList<string> from, Func<bool> isOn)
    {
        var gate = typeof(SwitchGate<>).MakeGenericType(block.Type.Output);
        return new GraphPart(NameOf(block), _ => (Block)Activator.CreateInstance(gate, isOn)!, [(Port.Main, from)], new BlockSettings());
    }
}
