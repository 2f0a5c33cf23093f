using System.Reflection;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Makes the sections, formats and blocks of a plan, giving each constructor its parameters by their types. Sections are made once, by
/// the constructor of this class; whatever of them is disposable is disposed with it. Formats are made once, when first asked for.
/// </summary>
public sealed class BlockFactory : IEventFormats, IDisposable
{
    private readonly PipelinePlan _plan;
    private readonly TimeProvider _clock;
    private readonly Dictionary<Type, object> _sections = [];
    private readonly Dictionary<Type, IEventFormat> _formats = [];

    /// <summary>Makes the sections. Throws <see cref="FindingException"/> when one of them refuses its options.</summary>
    public BlockFactory(PipelinePlan plan, TimeProvider clock)
    {
        _plan = plan;
        _clock = clock;
        Files = new SectionContext(plan.Directory, FindRoot(plan.Directory)) { Switches = new Switches(plan.Switches, plan.LeftOut) };
        try
        {
            foreach (var section in plan.Sections)
            {
                _sections[section.Type.Class] = Make(
                    section.Type.Constructor, [section.Options, Files, clock, this], option => plan.LocateSection(section.Type.Name, option));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What is made.</summary>
    public PipelinePlan Plan => _plan;

    /// <summary>The switches of the run.</summary>
    public Switches Switches => Files.Switches;

    /// <summary>Resolves the paths of the plan.</summary>
    public SectionContext Files { get; }

    /// <summary>The section of a class, or the first that implements an interface; null when the plan has none.</summary>
    public T? Section<T>() where T : class => _sections.Values.OfType<T>().FirstOrDefault();

    /// <summary>The section of a type; null when the plan has none.</summary>
    internal object? Section(SectionType type) => _sections.GetValueOrDefault(type.Class);

    /// <summary>Makes a new instance of a block. Throws <see cref="FindingException"/> when it refuses its options.</summary>
    public Block Make(BlockPlan block) => (Block)Make(
        block.Type.Constructor,
        [
            block.Options,
            new BlockContext(block.Name, Files, _clock) { WhenFull = block.Settings.Edge?.WhenFull ?? WhenFull.Block, OnlyLooks = _plan.OnlyLooks, IsForCheck = _plan.IsForCheck },
            Files,
            _clock,
        ],
        option => _plan.Locate(block.Name, option));

    /// <summary>The outside form of an event type; null when it has none.</summary>
    public IEventFormat? Format(Type eventType)
    {
        if (!_formats.TryGetValue(eventType, out var format) && _plan.Registry.FormatOf(eventType) is { } type)
        {
            _formats[eventType] = format = (IEventFormat)Make(type.Constructor, [Files], _ => (new Position(_plan.File, 1, 1), ""));
        }

        return format;
    }

    IEventFormat? IEventFormats.Of(Type eventType) => Format(eventType);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var section in _sections.Values.OfType<IDisposable>())
        {
            section.Dispose();
        }

        _sections.Clear();
    }

    private object Make(ConstructorInfo constructor, object?[] given, Func<string, (Position At, string Path)> locate)
    {
        var arguments = constructor.GetParameters().Select(p => Argument(p.ParameterType, given, constructor)).ToArray();
        try
        {
            return constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);
        }
        catch (ConfigurationException e)
        {
            throw FindingException.Of(e, locate);
        }
    }

    private object Argument(Type type, object?[] given, ConstructorInfo constructor) =>
        given.FirstOrDefault(g => type.IsInstanceOfType(g))
        ?? _sections.GetValueOrDefault(type)
        ?? (FormatType.Asked(type) is { } eventType ? Format(eventType) : null)
        ?? throw new InvalidOperationException($"Invariant: {constructor.DeclaringType!.Name} takes {type.Name}, which the plan does not have.");

    /// <summary>The nearest folder above the pipeline file that holds <c>config/</c>; the pipeline's own when there is none.</summary>
    private static string FindRoot(string directory)
    {
        for (var folder = new DirectoryInfo(directory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "config")))
            {
                return folder.FullName;
            }
        }

        return directory;
    }
}

/// <summary>A mistake in a pipeline that only showed when its parts were made.</summary>
public sealed class FindingException(Finding finding, ConfigurationException reason) : Exception(finding.ToString(), reason)
{
    /// <summary>The mistake and its place.</summary>
    public Finding Finding { get; } = finding;

    /// <summary>The mistake, and what else was wrong with the same options.</summary>
    public IReadOnlyList<Finding> Findings { get; private init; } = [finding];

    /// <summary>True when something outside is missing (a file, a library), rather than wrong.</summary>
    public bool Outside { get; } = reason.Outside;

    /// <summary>What a constructor refused, each at the option that it named.</summary>
    internal static FindingException Of(ConfigurationException refused, Func<string, (Position At, string Path)> locate)
    {
        Finding[] findings = [.. refused.Others.Prepend(refused).Select(r => PipelinePlan.Refuse(locate(r.Option), r.Message))];
        return new FindingException(findings[0], refused) { Findings = findings };
    }
}
