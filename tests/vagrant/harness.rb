# Loads the Vagrantfile without Vagrant, notes what it sets, and runs what it does after `up` on a
# made-up machine.  Prints all of that as JSON.  Arguments: the Vagrantfile, and as JSON the machine:
# provider, token, ports (host => guest), showvminfo, hurry (a clock that runs fast).
require "json"

about = JSON.parse(ARGV.fetch(1))
TOLD = { "networks" => {}, "said" => [] }

# Takes any setting: `x.memory = 1` and `x.customize [...]` alike.
class Noted < BasicObject
  def initialize(into)
    @into = into
  end

  def method_missing(name, *values)
    key = name.to_s.delete_suffix("=")
    if name.to_s.end_with?("=")
      @into[key] = values.first
    else
      (@into[key] ||= []) << values.map { |v| v.is_a?(::Array) ? v.map { |w| w.is_a?(::Symbol) ? w.inspect : w } : v }
    end
  end
end

class VM
  attr_writer :box, :hostname, :boot_timeout

  def synced_folder(*) = nil
  def network(kind, **options) = TOLD["networks"][kind] = options
  def provider(name) = yield(Noted.new(TOLD[name] = {}))
  def provision(*) = nil
end

class Trigger
  attr_accessor :name, :info, :block

  def ruby(&block) = @block = block
end

class Triggers
  attr_reader :after_up

  def after(*) = yield(@after_up = Trigger.new)
  def before(*) = yield(Trigger.new)
end

Config = Struct.new(:vm, :trigger)
CONFIG = Config.new(VM.new, Triggers.new)

module Vagrant
  def self.require_version(*) = nil
  def self.configure(_) = yield(CONFIG)
end

class Screen
  %w[info success error].each do |level|
    define_method(level) { |text| TOLD["said"] << [level, text] }
  end
end

class Driver
  def initialize(about) = @about = about

  def execute_command(words)
    raise "not asked for: #{words}" unless words == %w[showvminfo the-id]

    @about["showvminfo"]
  end
end

class Provider
  def initialize(about) = @about = about
  def capability?(_) = @about.key?("ports")
  def capability(_) = @about["ports"].to_h { |host, guest| [host.to_i, guest] }
  def driver = Driver.new(@about)
end

class Guest
  def initialize(about) = @about = about

  def sudo(_line, **)
    yield :stdout, "#{@about['token']}\n"
    yield :stderr, "noise"
  end
end

Machine = Struct.new(:provider_name, :provider, :communicate, :ui, :id)

load ARGV.fetch(0)
if about.key?("provider")
  if about["hurry"]
    began = Time.now
    Time.define_singleton_method(:now) { began += 60 }
  end
  machine = Machine.new(about["provider"].to_sym, Provider.new(about), Guest.new(about),
                        Screen.new, "the-id")
  CONFIG.trigger.after_up.block.call(nil, machine)
end
puts JSON.generate(TOLD)
