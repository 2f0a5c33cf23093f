namespace QuantumTrader.Pipelines;

/// <summary>A switch and its value.</summary>
/// <param name="Name">Its name, such as <c>FORCE_FAST_MODE</c>.</param>
/// <param name="Value">Its value; null when it is not set and the blocks' own options hold.</param>
/// <param name="Legal">What it may be, in words.</param>
public sealed record SwitchValue(string Name, string? Value, string Legal);

/// <summary>A switch was changed.</summary>
/// <param name="Name">Which.</param>
/// <param name="From">What it was; null for not set.</param>
/// <param name="To">What it is.</param>
/// <param name="Actor">Who: <c>cli</c>, <c>api</c>.</param>
/// <param name="Reason">Why.</param>
public sealed record SwitchChange(string Name, string? From, string To, string Actor, string Reason)
{
    /// <summary>For people: <c>FORCE_FAST_MODE: false -> true</c>.</summary>
    public override string ToString() => $"{Name}: {From ?? "not set"} -> {To}";
}

/// <summary>What came of changing a switch.</summary>
/// <param name="IsAccepted">It was changed, or was so already.</param>
/// <param name="Words">What was done, or why not.</param>
public sealed record SwitchAnswer(bool IsAccepted, string Words);

/// <summary>
/// The switches of a running pipeline. Who acts by one reads <see cref="Now"/> at every event, so that a change counts from the next event
/// on. Any thread may read and change them.
/// </summary>
/// <param name="atStart">What file and environment say.</param>
/// <param name="leftOut">Phases whose blocks were left out of the plan, because their switch was off.</param>
public sealed class Switches(SwitchOptions atStart, IReadOnlyList<string> leftOut)
{
    private readonly Lock _gate = new();
    private SwitchOptions _now = atStart;

    /// <summary>Their values. One volatile read.</summary>
    public SwitchOptions Now => Volatile.Read(ref _now);

    /// <summary>Told of every change, in order, behind it: it must neither wait nor change a switch.</summary>
    public Action<SwitchChange>? Changed { get; set; }

    /// <summary>All switches with their values.</summary>
    public IReadOnlyList<SwitchValue> Values => [.. Switch.All.Select(s => new SwitchValue(s.Name, s.Get(Now), s.Legal))];

    /// <summary>Changes a switch.</summary>
    /// <param name="name">Its name, in upper or lower case.</param>
    /// <param name="value">Its new value.</param>
    /// <param name="actor">Who.</param>
    /// <param name="reason">Why.</param>
    public SwitchAnswer Set(string name, string value, string actor, string reason = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        if (Switch.All.FirstOrDefault(s => name.Equals(s.Name, StringComparison.OrdinalIgnoreCase) || name.Equals(s.Alias, StringComparison.OrdinalIgnoreCase)) is not { } found)
        {
            var nearest = NearestName.Of(name.ToUpperInvariant(), Switch.All.Select(s => s.Name)) is { } like ? $" Did you mean {like}?" : $" Switches: {string.Join(", ", Switch.All.Select(s => s.Name))}.";
            return new SwitchAnswer(false, $"No switch is named '{name}'.{nearest}");
        }

        lock (_gate)
        {
            var (before, after) = (_now, found.Set(_now, value));
            if (after is null)
            {
                return new SwitchAnswer(false, $"{found.Name} cannot be '{value}'. Legal: {found.Legal}.");
            }

            if (leftOut.FirstOrDefault(p => before.WhatKeepsOff(p) is not null && after.WhatKeepsOff(p) is null) is { } phase)
            {
                return new SwitchAnswer(false, $"{before.WhatKeepsOff(phase)} since the run began, so the blocks of the phase '{phase}' were left out. Start it again with {found.Name}={value}.");
            }

            if (after == before)
            {
                return new SwitchAnswer(true, $"{found.Name} is {found.Get(after)} already.");
            }

            Volatile.Write(ref _now, after);
            var change = new SwitchChange(found.Name, found.Get(before), found.Get(after)!, actor, reason);
            Changed?.Invoke(change);
            return new SwitchAnswer(true, $"{change}.");
        }
    }
}
