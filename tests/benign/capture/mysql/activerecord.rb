# Active Record (Rails): migrations up and down, and the forms of its queries.
require "active_record"
ActiveRecord::Base.establish_connection(adapter: "mysql2", host: "127.0.0.1", port: ENV["MYSQL_PORT"].to_i, username: "app", database: ENV["MYSQL_DATABASE"])
class First < ActiveRecord::Migration[6.1]
  def change
    create_table(:customers) { |t| t.string :name, null: false, index: { unique: true }; t.json :data; t.timestamps }
    create_table(:orders) { |t| t.references :customer, foreign_key: true; t.integer :total; t.integer :lock_version }
  end
end
class Second < ActiveRecord::Migration[6.1]
  def change
    add_column :orders, :note, :text
    add_index :orders, :total
    rename_column :orders, :note, :remark
    change_column_null :orders, :total, false, 0
  end
end
class Customer < ActiveRecord::Base
  has_many :orders, dependent: :destroy
  validates :name, uniqueness: true
end
class Order < ActiveRecord::Base
  belongs_to :customer
end
ActiveRecord::Migration.verbose = false
base = ActiveRecord::Base.connection
base.schema_migration.create_table
ActiveRecord::InternalMetadata.create_table
base.execute("SELECT GET_LOCK('migrations', 0)")
[First, Second].each_with_index do |migration, index|
  ActiveRecord::Base.transaction { migration.new.migrate(:up); base.schema_migration.create!(version: index + 1) }
end
Second.new.migrate(:down)
base.schema_migration.where(version: 2).delete_all
base.execute("SELECT RELEASE_LOCK('migrations')")
[Customer, Order].each(&:reset_column_information)
5.times { |i| Customer.create!(name: "n#{i}").orders.create!(total: i) }
Customer.insert_all([{ name: "a", created_at: Time.now, updated_at: Time.now }])
Customer.upsert_all([{ name: "a", created_at: Time.now, updated_at: Time.now }])
one = Customer.find_by(name: "n1")
one.update!(name: "other")
Customer.where(id: [1, 2]).update_all("name = upper(name)")
Customer.find_or_create_by!(name: "new")
Customer.includes(:orders).where(name: %w[n2 n3]).order(id: :desc).limit(5).to_a
Customer.joins(:orders).where("orders.total > ?", 1).group(:name).having("count(*) > 0").count
Customer.left_joins(:orders).where(orders: { id: nil }).distinct.pluck(:name)
Customer.where(Order.where("orders.customer_id = customers.id").where(total: 2).arel.exists).to_a
Customer.in_batches(of: 2) { |batch| batch.pluck(:id) }
Customer.exists?(name: "n2")
order = Order.first
order.increment!(:total)
order.with_lock { order.update!(total: 9) }
Order.where(total: 100).delete_all
Customer.transaction { Customer.transaction(requires_new: true) { Customer.create!(name: "x"); raise ActiveRecord::Rollback } }
one.destroy
base.tables.each { |table| base.columns(table); base.indexes(table); base.foreign_keys(table) }
base.explain(Customer.where(id: 1).arel)
