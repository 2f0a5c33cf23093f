namespace QuantumTrader.Pipelines;

/// <summary>Turns one tree into a plan: reads its keys, runs the checks, puts the blocks in order.</summary>
internal sealed class PlanReader(string file, MappingNode root, BlockRegistry registry, FindingList findings)
{
    private readonly MappingReader _reader = new(root, "", findings);
    private readonly string _directory = Path.GetDirectoryName(FullPath(file)) ?? "";

    /// <summary>The plan; not to be used when there are errors among the findings.</summary>
    public PipelinePlan? Read()
    {
        ReadVersion();
        var name = ReadName();
        var engine = (EngineOptions)ReadRecord("engine", PipelineKeys.Engine);
        var switches = (SwitchOptions)ReadRecord("switches", PipelineKeys.Switches);
        var all = new PluginReader(findings).Read(_reader.Take("plugins"), _directory, registry);
        var sections = new SectionReader(all, findings);
        var given = sections.ReadGiven(_reader);
        var blocks = new BlockReader(all, findings).Read(_reader.Take("blocks"), root.Position);
        blocks = EventTypeInference.Close(new PipelineDraft(root, all, blocks, []), findings);
        var draft = new PipelineDraft(root, all, blocks, sections.AddNeeded(given, blocks));
        var tests = new PipelineTestReader(draft, findings).Read(_reader.Take("tests"));
        _reader.RejectOthers();
        foreach (var check in PipelineChecks.All)
        {
            check.Check(draft, findings);
        }

        // Behind the checks, so that a phase that is off hides no mistake.
        var leftOut = PhaseSwitches.Off(draft, switches);
        draft = new PhaseSwitches(switches, findings).Apply(draft, leftOut);

        return findings.HasErrors ? null : new PipelinePlan
        {
            Name = name,
            File = file,
            Directory = _directory,
            Registry = all,
            Engine = engine.ToSettings(),
            Switches = switches,
            LeftOut = leftOut,
            Sections = [.. draft.Sections.Select(s => new SectionPlan(s.Type, s.Options))],
            Blocks = [.. GraphOrder.Of(draft).Ordered.Select(Plan)],
            Tests = tests,
            Root = root,
        };
    }

    private void ReadVersion()
    {
        var entry = _reader.Take("version");
        if (entry is null)
        {
            findings.Add(FindingCodes.MissingKey, root.Position, "version", "the required key 'version' is missing.", "version: 1");
        }
        else if (entry.Value is not ScalarNode { Value: "1" })
        {
            findings.Add(FindingCodes.Version, entry.Value.Position, "version", $"found {entry.Value.Kind}.", "1");
        }
    }

    private string ReadName()
    {
        var entry = _reader.Take("pipeline");
        if (entry is null)
        {
            findings.Add(FindingCodes.MissingKey, root.Position, "pipeline", "the required key 'pipeline' is missing.", "a name for the pipeline");
        }
        else if (entry.Value is ScalarNode { IsNull: false } name && !string.IsNullOrWhiteSpace(name.Value))
        {
            return name.Value;
        }
        else
        {
            findings.Add(FindingCodes.WrongKind, entry.Value.Position, "pipeline", $"{entry.Value.Kind} stands where the pipeline's name is needed.");
        }

        return "";
    }

    private object ReadRecord(string key, OptionsModel model)
    {
        switch (_reader.Take(key))
        {
            case { Value: MappingNode node } entry:
                return new OptionBinder(findings).Bind(model, node, key, entry.Position);
            case { Value: not ScalarNode { IsNull: true } } entry:
                findings.Add(FindingCodes.WrongKind, entry.Value.Position, key, $"{entry.Value.Kind} stands where a mapping is needed.");
                break;
        }

        return Activator.CreateInstance(model.Type)!;
    }

    private static BlockPlan Plan(BlockDraft block) => new(
        block.Name,
        block.Type!,
        block.Options,
        [.. block.Type!.Inputs.Select(p => new InputPlan(p.Name, [.. block.Inputs.First(i => i.Port == p.Name).From.Select(r => r.Block)]))],
        block.Common.ToSettings(block.Type.Io),
        block.Common.Phase,
        block.Position,
        block.Node);

    /// <summary>A name that is no path at all was reported when the file could not be read.</summary>
    private static string FullPath(string file)
    {
        try
        {
            return Path.GetFullPath(file);
        }
        catch (ArgumentException)
        {
            return Path.GetFullPath(".");
        }
    }
}
